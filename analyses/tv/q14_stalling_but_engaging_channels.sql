{#- Both limits are shares, in percent, of the average over all plays of all channels: 100 is the average itself. #}
{%- set stalls_above_percent = 100 %}
{%- set engagement_from_percent = 100 %}
with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

channel as (

    select channel_id, channel_name from {{ ref('dim_channel') }}

),

overall as (

    select
        {{ ratio(sum_of('stall_count'), 'count(*)') }} as average_stall_count,
        {{ ratio(sum_of('engagement_score', 'decimal(18, 4)'), 'count(engagement_score)') }} as average_engagement_score
    from playback

),

channel_total as (

    select
        channel_id,
        count(*) as plays,
        {{ sum_of('stall_count') }} as stall_count,
        {{ ratio(sum_of('stall_count'), 'count(*)') }} as average_stall_count,
        {{ ratio(sum_of('engagement_score', 'decimal(18, 4)'), 'count(engagement_score)') }} as average_engagement_score
    from playback
    group by channel_id

),

final as (

    select
        channel_total.channel_id,
        channel.channel_name,
        channel_total.plays,
        channel_total.stall_count,
        channel_total.average_stall_count,
        channel_total.average_engagement_score
    from channel_total
    cross join overall
    inner join channel on channel_total.channel_id = channel.channel_id
    where
        channel_total.average_stall_count * 100 > overall.average_stall_count * {{ stalls_above_percent }}
        and channel_total.average_engagement_score * 100
        >= overall.average_engagement_score * {{ engagement_from_percent }}

)

select * from final
order by average_stall_count desc, average_engagement_score desc, channel_id asc
