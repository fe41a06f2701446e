{{ replaces('event_date', topic='activity') }}

{%- set touched = touched_dates('activity') %}

with

opportunity as (

    select * from {{ ref('fct_ad_impression') }} where {{ within('event_date', touched) }}

),

playback as (

    select event_date, channel_id, playing_ms
    from {{ ref('fct_playback') }}
    where source = 'player' and {{ within('event_date', touched) }}

),

booked as (

    select event_date, channel_id, currency, ad_revenue_amount
    from {{ ref('fct_ad_revenue') }}
    where {{ within('event_date', touched) }}

),

-- what is seen of a channel is seen beside all its ads: `all` carries hours and books
typed as (

    select opportunity.*, opportunity.ad_type as row_type from opportunity
    union all
    select opportunity.*, 'all' as row_type from opportunity

),

shown as (

    select
        event_date,
        channel_id,
        row_type as ad_type,
        currency,
        {{ measures([
            'ad_requests', 'ad_impressions', 'ad_first_quartiles', 'ad_midpoints', 'ad_third_quartiles', 'ad_completes',
            'ad_clicks', 'ad_skips', 'skippable_impressions', 'ad_reached_accounts', 'ad_ms', 'impression_revenue_amount'
        ]) }}
    from typed
    group by event_date, channel_id, row_type, currency

),

watched as (

    select
        event_date,
        channel_id,
        {{ measures(['playing_ms']) }}
    from playback
    group by event_date, channel_id

),

reconciled as (

    select
        shown.*,
        case when shown.ad_type = 'all' then coalesce(watched.playing_ms, 0) end as playing_ms,
        case when shown.ad_type = 'all' then booked.ad_revenue_amount end as booked_ad_revenue_amount,
        case
            when shown.ad_type = 'all'
                then cast(booked.ad_revenue_amount - shown.impression_revenue_amount as decimal(18, 6))
        end as booked_difference_amount
    from shown
    left join watched on shown.event_date = watched.event_date and shown.channel_id = watched.channel_id
    left join booked
        on shown.event_date = booked.event_date
            and shown.channel_id = booked.channel_id
            and shown.currency = booked.currency

),

final as (

    select
        *,
        {{ rates([
            'fill_rate', 'ad_completion_rate', 'click_through_rate', 'ad_skip_rate', 'average_ad_frequency', 'ecpm_amount',
            'impression_revenue_per_hour_amount', 'ad_seconds_per_hour', 'booked_matched_rate'
        ]) }}
    from reconciled

)

select * from final
