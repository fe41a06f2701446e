{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}

with

event as (

    select *
    from {{ ref('int_player_event') }}
    where
        {{ within_keys('event_date', 'session', touched) }}
        and (session_id is not null or (event_family <> 'listen' and coalesce(account_id, device_id) is not null))

),

device as (

    select * from {{ ref('devices') }}

),

rule as (

    select inactivity_timeout_ms from {{ ref('media_rules') }} where media_kind = 'video'

),

-- without an id: what one account does on one device on one day, cut where it is silent for longer than the time-out
followed as (

    select
        event.*,
        rule.inactivity_timeout_ms,
        case
            when event.session_id is not null then 'id|' || event.session_id
            else 'of|' || coalesce(event.account_id, '') || '|' || coalesce(event.device_id, '') || '|'
                || cast(event.event_date as {{ dbt.type_string() }})
        end as owner_key
    from event
    cross join rule

),

timed as (

    select
        *,
        {{ div_floor(epoch_us('event_at') ~ ' - ' ~ epoch_us(
            'lag(event_at) over (partition by owner_key order by event_at, event_id)'
        ), 1000) }} as silence_ms
    from followed

),

cut as (

    select
        *,
        case
            when session_id is not null then 0
            else
                sum(case when silence_ms > inactivity_timeout_ms then 1 else 0 end) over (
                    partition by owner_key
                    order by event_at, event_id rows between unbounded preceding and current row
                )
        end as part
    from timed

),

-- the last end that is reported closes the session; events after it are counted, and belong to no duration
ordered as (

    select
        *,
        row_number() over (partition by owner_key, part order by event_at, event_id) as place,
        max(case when event_type = 'session_end' then event_at end) over (
            partition by owner_key, part
        ) as reported_end_at
    from cut

),

app_session as (

    select
        owner_key,
        part,
        max(case when place = 1 then event_date end) as event_date,
        max(case when place = 1 then event_id end) as first_event_id,
        max(session_id) as session_id,
        min(event_at) as started_at,
        coalesce(max(reported_end_at), max(event_at)) as ended_at,
        max(account_id) as account_id,
        {% for column in ['profile_id', 'device', 'platform', 'app_version', 'country'] -%}
        max(case when place = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        cast(count(*) as bigint) as event_count,
        cast(count(distinct case when event_family = 'video' then playback_key end) as bigint) as playback_count,
        cast(count(distinct case when event_family = 'video' then content_id end) as bigint) as content_count,
        cast(count(distinct device_id) as bigint) as device_count,
        {{ count_if("event_family = 'user'") }} as interaction_count,
        {{ count_if("event_type = 'device_change'") }} as device_change_count,
        {{ count_if('event_at > reported_end_at') }} as late_event_count,
        cast(coalesce(max(app_crash_count), 0) as bigint) as crash_count,
        cast(coalesce(max(network_error_count), 0) as bigint) as network_error_count,
        {{ sum_of('case
            when place > 1 and silence_ms <= inactivity_timeout_ms and event_at <= coalesce(reported_end_at, event_at)
                then silence_ms
        end') }} as active_ms,
        max(case when event_type = 'session_start' and place = 1 then 1 else 0 end) as started,
        max(case when reported_end_at is not null then 1 else 0 end) as ended
    from ordered
    group by owner_key, part

),

final as (

    select
        -- ids
        coalesce(app_session.session_id, app_session.first_event_id) as session_id,
        coalesce(app_session.account_id, 'player:anonymous') as account_id,
        app_session.profile_id,
        -- strings
        coalesce(device.device_type, 'unknown') as device_type,
        coalesce(app_session.platform, 'unknown') as platform,
        coalesce(app_session.app_version, 'unknown') as app_version,
        coalesce(app_session.country, 'unknown') as country,
        -- numerics
        app_session.event_count,
        app_session.playback_count,
        app_session.content_count,
        app_session.device_count,
        app_session.interaction_count,
        app_session.device_change_count,
        app_session.late_event_count,
        app_session.crash_count,
        app_session.network_error_count,
        app_session.active_ms,
        -- booleans
        app_session.started = 1 as is_start_reported,
        app_session.ended = 1 as is_end_reported,
        -- dates and timestamps
        app_session.event_date,
        app_session.started_at,
        app_session.ended_at
    from app_session
    left join device on lower(app_session.device) = device.device
    where {{ within('app_session.event_date', touched) }}

)

select * from final
