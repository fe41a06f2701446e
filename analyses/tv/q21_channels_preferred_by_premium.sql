with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

channel as (

    select channel_id, channel_name from {{ ref('dim_channel') }}

),

channel_total as (

    select
        channel_id,
        {{ count_if("subscription_plan = 'Premium'") }} as premium_plays,
        {{ count_if("subscription_plan <> 'Premium'") }} as other_plays
    from playback
    group by channel_id

),

overall as (

    select
        sum(premium_plays) as premium_plays,
        sum(other_plays) as other_plays
    from channel_total

),

shared as (

    select
        channel_total.channel_id,
        channel_total.premium_plays,
        channel_total.other_plays,
        {{ ratio('channel_total.premium_plays', 'overall.premium_plays') }} as premium_share_rate,
        {{ ratio('channel_total.other_plays', 'overall.other_plays') }} as other_share_rate
    from channel_total
    cross join overall

),

final as (

    select
        shared.channel_id,
        channel.channel_name,
        shared.premium_plays,
        shared.other_plays,
        shared.premium_share_rate,
        shared.other_share_rate
    from shared
    inner join channel on shared.channel_id = channel.channel_id
    where shared.premium_share_rate > shared.other_share_rate

)

select * from final
order by premium_share_rate - other_share_rate desc, channel_id asc
