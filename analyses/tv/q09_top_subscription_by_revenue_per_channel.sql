with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv'

),

channel as (

    select channel_id, channel_name from {{ ref('dim_channel') }}

),

plan_total as (

    select
        channel_id,
        subscription_plan,
        {{ sum_of('ad_revenue_amount', 'decimal(18, 4)') }} as ad_revenue_amount,
        {{ count_if('is_started') }} as plays
    from playback
    group by channel_id, subscription_plan

),

ranked as (

    select
        plan_total.*,
        sum(plan_total.ad_revenue_amount) over (partition by plan_total.channel_id) as channel_ad_revenue_amount,
        row_number() over (
            partition by plan_total.channel_id
            order by
                case when plan_total.subscription_plan = 'unknown' then 1 else 0 end asc,
                plan_total.ad_revenue_amount desc,
                plan_total.plays desc,
                plan_total.subscription_plan asc
        ) as place
    from plan_total

),

final as (

    select
        ranked.channel_id,
        channel.channel_name,
        ranked.subscription_plan,
        ranked.ad_revenue_amount,
        -- four decimals of money made whole, because a ratio divides by whole numbers
        {{ ratio(
            'ranked.ad_revenue_amount * 10000', 'cast(ranked.channel_ad_revenue_amount * 10000 as bigint)'
        ) }} as ad_revenue_share_rate
    from ranked
    inner join channel on ranked.channel_id = channel.channel_id
    where ranked.place = 1

)

select * from final
order by channel_id
