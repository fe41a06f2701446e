{{ replaces('event_date', topic='channel') }}

{%- set touched = touched_dates('channel') %}
{%- set measure_names = [
    'attempts', 'plays', 'valid_plays', 'complete_plays', 'live_plays', 'unique_accounts', 'playing_ms', 'stall_count', 'ad_count',
    'ad_revenue_amount', 'reported_completion_rate_sum', 'reported_completion_plays', 'engagement_score_sum',
    'engagement_score_plays'
] %}

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
        {{ measures(measure_names) }}
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
        {% for name in measure_names -%}
        coalesce(watched.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        ad_revenue.ad_revenue_amount as booked_ad_revenue_amount,
        {{ rates([
            'completion_rate', 'average_completion_rate', 'average_engagement_score', 'average_playing_ms',
            'ad_revenue_per_hour_amount'
        ], 'watched') }}
    from channel_day
    left join watched on channel_day.event_date = watched.event_date and channel_day.channel_id = watched.channel_id
    left join ad_revenue
        on channel_day.event_date = ad_revenue.event_date
            and channel_day.channel_id = ad_revenue.channel_id
    left join channel on channel_day.channel_id = channel.channel_id

)

select * from final
