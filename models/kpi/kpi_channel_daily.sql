{{ replaces('event_date', topic='channel') }}

{%- set touched = touched_dates('channel') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

ad_revenue as (

    select * from {{ ref('fct_ad_revenue') }} where {{ within('event_date', touched) }}

),

channel as (

    select channel_id, channel_name from {{ ref('dim_channel') }}

),

watched as (

    select
        event_date,
        channel_id,
        cast(count(*) as bigint) as attempts,
        {{ count_if('is_started') }} as plays,
        {{ count_if('is_valid') }} as valid_plays,
        {{ count_if('is_started and is_complete') }} as complete_plays,
        {{ count_if('is_started and is_live') }} as live_plays,
        {{ count_accounts() }} as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ sum_of('stall_count') }} as stall_count,
        {{ sum_of('ad_count') }} as ad_count,
        {{ sum_of('ad_revenue_amount', 'decimal(18, 4)') }} as ad_revenue_amount,
        {{ sum_of('case when is_started then reported_completion_rate end', 'decimal(18, 6)') }} as reported_completion_rate_sum,
        {{ count_if('is_started and reported_completion_rate is not null') }} as reported_completion_plays,
        {{ sum_of('case when is_started then engagement_score end', 'decimal(18, 4)') }} as engagement_score_sum,
        {{ count_if('is_started and engagement_score is not null') }} as engagement_score_plays
    from playback
    where channel_id <> 'not_applicable'
    group by event_date, channel_id

),

-- a channel may have booked revenue on a day on which nobody watched it
channel_day as (

    select event_date, channel_id from watched
    union
    select event_date, channel_id from ad_revenue

),

final as (

    select
        channel_day.event_date,
        channel_day.channel_id,
        coalesce(channel.channel_name, channel_day.channel_id) as channel_name,
        '{{ var("currency") }}' as currency,
        coalesce(watched.attempts, 0) as attempts,
        coalesce(watched.plays, 0) as plays,
        coalesce(watched.valid_plays, 0) as valid_plays,
        coalesce(watched.complete_plays, 0) as complete_plays,
        coalesce(watched.live_plays, 0) as live_plays,
        coalesce(watched.unique_accounts, 0) as unique_accounts,
        coalesce(watched.playing_ms, 0) as playing_ms,
        coalesce(watched.stall_count, 0) as stall_count,
        coalesce(watched.ad_count, 0) as ad_count,
        coalesce(watched.ad_revenue_amount, 0) as ad_revenue_amount,
        ad_revenue.ad_revenue_amount as booked_ad_revenue_amount,
        coalesce(watched.reported_completion_rate_sum, 0) as reported_completion_rate_sum,
        coalesce(watched.reported_completion_plays, 0) as reported_completion_plays,
        coalesce(watched.engagement_score_sum, 0) as engagement_score_sum,
        coalesce(watched.engagement_score_plays, 0) as engagement_score_plays,
        {{ ratio('watched.complete_plays', 'watched.plays') }} as completion_rate,
        {{ ratio('watched.reported_completion_rate_sum', 'watched.reported_completion_plays') }} as average_completion_rate,
        {{ ratio('watched.engagement_score_sum', 'watched.engagement_score_plays') }} as average_engagement_score,
        {{ ratio('watched.playing_ms', 'watched.plays') }} as average_playing_ms,
        {{ ratio('watched.ad_revenue_amount * 3600000', 'watched.playing_ms') }} as ad_revenue_per_hour_amount
    from channel_day
    left join watched on channel_day.event_date = watched.event_date and channel_day.channel_id = watched.channel_id
    left join ad_revenue on channel_day.event_date = ad_revenue.event_date and channel_day.channel_id = ad_revenue.channel_id
    left join channel on channel_day.channel_id = channel.channel_id

)

select * from final
