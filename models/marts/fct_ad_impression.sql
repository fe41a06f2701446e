{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}

with

event as (

    select *
    from {{ ref('int_player_event') }}
    where event_family = 'ad' and {{ within_keys('event_date', 'playback', touched) }}

),

device as (

    select * from {{ ref('devices') }}

),

-- a banner outside any playback is of its session; without one it is of its device's day
placed as (

    select
        event.*,
        case
            when event.playback_key is not null then event.playback_key
            when event.session_id is not null
                then 'session|' || event.session_id || '|' || cast(event.event_date as {{ dbt.type_string() }})
            else 'day|' || coalesce(event.account_id, '') || '|' || coalesce(event.device_id, '') || '|'
                || cast(event.event_date as {{ dbt.type_string() }})
        end as placement_key,
        coalesce(event.ad_break_id, 'unknown') as break_id
    from event

),

-- a request that names no ad is of its break's first ad; only in a break without any it is an opportunity, not filled
named as (

    select
        *,
        coalesce(
            ad_id,
            first_value(ad_id) over (
                partition by placement_key, break_id
                order by case when ad_id is null then 1 else 0 end, event_at, event_id
                rows between unbounded preceding and unbounded following
            ),
            'unknown'
        ) as opportunity_ad_id
    from placed

),

-- the first event gives the attributes, the first impression with a price the price
ordered as (

    select
        *,
        row_number() over (partition by placement_key, break_id, opportunity_ad_id order by event_at, event_id)
            as place,
        row_number() over (
            partition by placement_key, break_id, opportunity_ad_id
            order by
                case when price_amount is null then 1 else 0 end,
                case when event_type = 'ad_impression' then 0 else 1 end,
                event_at,
                event_id
        ) as price_place
    from named

),

opportunity as (

    select
        placement_key,
        break_id,
        opportunity_ad_id,
        max(case when place = 1 then event_date end) as event_date,
        min(event_at) as requested_at,
        {% for column in [
            'playback_id', 'session_id', 'account_id', 'content_id', 'channel_id', 'device', 'platform', 'country', 'media_kind',
            'app_version'
        ] -%}
        max(case when place = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        {% for column in ['ad_type', 'ad_creative_id', 'ad_campaign_id', 'advertiser_id', 'ad_duration_ms'] -%}
        max({{ column }}) as {{ column }},
        {% endfor -%}
        max(case when price_place = 1 then price_amount end) as price_amount,
        max(case when price_place = 1 then currency end) as currency,
        max(view_duration_ms) as view_duration_ms,
        {{ count_if("event_type = 'ad_request'") }} as reported_requests,
        {{ count_if("event_type = 'ad_impression'") }} as reported_impressions,
        {{ count_if("event_type = 'ad_click'") }} as reported_clicks,
        {{ count_if("event_type = 'ad_skip'") }} as reported_skips,
        {{ count_if("event_type = 'ad_complete'") }} as reported_completes,
        {{ count_if("event_type = 'ad_error'") }} as reported_errors,
        max(case event_type when 'ad_complete' then 100 when 'ad_quartile' then quartile else 0 end) as reached_percent,
        max(case when is_skippable or event_type = 'ad_skip' then 1 else 0 end) as skippable,
        min(case when event_type = 'ad_impression' then event_at end) as impression_at,
        max(case when event_type in ('ad_quartile', 'ad_skip', 'ad_complete', 'ad_error') then event_at end)
            as last_step_at
    from ordered
    group by placement_key, break_id, opportunity_ad_id

),

-- each step implies those before it
implied as (

    select
        *,
        reported_impressions + reported_clicks + reported_skips + reported_completes + reached_percent > 0
            as is_impression,
        case
            when last_step_at > impression_at
                then {{ div_floor(epoch_us('last_step_at') ~ ' - ' ~ epoch_us('impression_at'), 1000) }}
            else 0
        end as elapsed_ms
    from opportunity

),

final as (

    select
        -- ids
        implied.placement_key,
        implied.break_id as ad_break_id,
        implied.opportunity_ad_id as ad_id,
        'player:' || implied.playback_id as playback_id,
        implied.session_id,
        coalesce(implied.account_id, 'player:anonymous') as account_id,
        implied.content_id,
        coalesce(implied.channel_id, 'not_applicable') as channel_id,
        implied.ad_creative_id,
        implied.ad_campaign_id,
        implied.advertiser_id,
        -- strings
        implied.media_kind,
        coalesce(implied.ad_type, 'unknown') as ad_type,
        coalesce(device.device_type, 'unknown') as device_type,
        coalesce(implied.platform, 'unknown') as platform,
        coalesce(implied.country, 'unknown') as country,
        coalesce(implied.app_version, 'unknown') as app_version,
        coalesce(case when implied.is_impression then implied.currency end, '{{ var("currency") }}') as currency,
        -- numerics
        case when implied.is_impression then implied.price_amount end as price_amount,
        implied.ad_duration_ms,
        cast(case
            when not implied.is_impression then 0
            when implied.view_duration_ms is not null then implied.view_duration_ms
            when implied.reached_percent = 100 and implied.ad_duration_ms is not null then implied.ad_duration_ms
            when implied.elapsed_ms > implied.ad_duration_ms then implied.ad_duration_ms
            else implied.elapsed_ms
        end as bigint) as ad_ms,
        implied.reported_requests,
        implied.reported_impressions,
        implied.reported_clicks,
        implied.reported_skips,
        implied.reported_completes,
        implied.reported_errors,
        -- booleans
        implied.is_impression,
        implied.reached_percent >= 25 as is_first_quartile,
        implied.reached_percent >= 50 as is_midpoint,
        implied.reached_percent >= 75 as is_third_quartile,
        implied.reached_percent = 100 as is_completed,
        implied.reported_clicks > 0 as is_clicked,
        implied.reported_skips > 0 as is_skipped,
        implied.skippable = 1 as is_skippable,
        -- dates and timestamps
        implied.event_date,
        implied.requested_at
    from implied
    left join device on lower(implied.device) = device.device
    where {{ within('implied.event_date', touched) }}

)

select * from final
