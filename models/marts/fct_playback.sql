{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}
{%- set never_shown = 'coalesce(reported_ms <= 0, false)' %}
{%- set measured = [
    'watched_ms', 'startup_ms', 'stall_ms', 'seek_stall_ms', 'seek_count', 'pause_ms', 'max_position_ms',
    'bitrate_kbit', 'bitrate_ms', 'quality_change_count', 'quality_up_count', 'quality_down_count', 'dropped_frame_count', 'ad_ms'
] %}
{%- set flags = [
    'is_start_failure', 'is_playback_failure', 'is_exit_before_start', 'is_without_session_start',
    'is_after_session_end', 'is_position_jump', 'is_stop_after_complete', 'is_exit_after_stall'
] %}

with

log_event as (

    select * from {{ ref('int_playback_event') }} where {{ within('event_date', touched, after=1) }}

),

player_playback as (

    select * from {{ ref('int_player_playback') }} where {{ within('event_date', touched, after=1) }}

),

content as (

    select content_id, duration_ms from {{ ref('dim_content') }}

),

account as (

    select account_id, region, country, subscription_plan from {{ ref('dim_account') }}

),

device as (

    select * from {{ ref('devices') }}

),

rule as (

    select * from {{ ref('media_rules') }}

),

-- logs report a length; a player's events have been measured
event as (

    select
        event_date,
        playback_id,
        source,
        media_kind,
        session_id,
        account_id,
        content_id,
        channel_id,
        genre,
        region,
        cast(null as {{ dbt.type_string() }}) as country,
        subscription_plan,
        device,
        platform,
        cast(null as {{ dbt.type_string() }}) as app_version,
        cast(null as {{ dbt.type_string() }}) as own_end_reason,
        cast(null as {{ dbt.type_string() }}) as error_code,
        cast(null as {{ dbt.type_string() }}) as error_class,
        reported_ms,
        reported_completion_rate,
        engagement_score,
        content_duration_ms as stated_duration_ms,
        cast(null as bigint) as played_ms,
        cast(null as bigint) as content_played_ms,
        cast(null as bigint) as inactivity_timeout_ms,
        stall_count,
        ad_count,
        ad_revenue_amount,
        {% for name in measured %}cast(null as bigint) as {{ name }},
        {% endfor -%}
        is_live,
        coalesce(reported_ms > 0, true) as is_started,
        {% for name in flags %}{{ never_shown if name == 'is_exit_before_start' else 'false' }} as {{ name }},
        {% endfor -%}
        cast(null as boolean) as is_session_end_near,
        cast(null as boolean) as is_timed_out,
        started_at,
        cast(null as {{ timestamp_type() }}) as last_seen_at
    from log_event
    union all
    select
        event_date,
        playback_id,
        'player' as source,
        media_kind,
        session_id,
        account_id,
        content_id,
        channel_id,
        cast(null as {{ dbt.type_string() }}) as genre,
        coalesce(region, country) as region,
        country,
        subscription_plan,
        device,
        platform,
        app_version,
        own_end_reason,
        error_code,
        error_class,
        cast(null as bigint) as reported_ms,
        cast(null as decimal(18, 6)) as reported_completion_rate,
        cast(null as decimal(18, 4)) as engagement_score,
        content_duration_ms as stated_duration_ms,
        playing_ms as played_ms,
        content_watched_ms as content_played_ms,
        inactivity_timeout_ms,
        stall_count,
        ad_count,
        cast(null as decimal(18, 4)) as ad_revenue_amount,
        {{ measured | join(', ') }},
        is_live,
        is_started,
        {{ flags | join(', ') }},
        is_session_end_near,
        is_timed_out,
        started_at,
        ended_at as last_seen_at
    from player_playback

),

-- a listen ends at the latest where the same account's next one begins
sequenced as (

    select
        event.*,
        lead(event.started_at) over (
            partition by event.account_id, event.media_kind order by event.started_at, event.playback_id
        ) as next_started_at
    from event

),

resolved as (

    select
        sequenced.event_date,
        sequenced.playback_id,
        sequenced.source,
        sequenced.media_kind,
        sequenced.session_id,
        sequenced.account_id,
        sequenced.content_id,
        sequenced.channel_id,
        sequenced.genre,
        coalesce(sequenced.region, account.region, account.country, 'unknown') as region,
        sequenced.country,
        account.country as account_country,
        coalesce(sequenced.subscription_plan, account.subscription_plan, 'unknown') as subscription_plan,
        sequenced.subscription_plan is not null as is_plan_stated,
        coalesce(device.device_type, 'unknown') as device_type,
        coalesce(sequenced.platform, 'unknown') as platform,
        sequenced.app_version,
        sequenced.own_end_reason,
        sequenced.error_code,
        sequenced.error_class,
        sequenced.started_at,
        {{ div_floor(epoch_us('sequenced.started_at'), 900000000) }} as quarter_hour,
        sequenced.reported_ms,
        sequenced.reported_completion_rate,
        sequenced.engagement_score,
        coalesce(sequenced.stall_count, 0) as stall_count,
        coalesce(sequenced.ad_count, 0) as ad_count,
        sequenced.ad_revenue_amount,
        sequenced.played_ms,
        sequenced.content_played_ms,
        sequenced.inactivity_timeout_ms,
        {% for name in measured + flags %}sequenced.{{ name }},
        {% endfor -%}
        sequenced.is_started,
        sequenced.is_session_end_near,
        sequenced.is_timed_out,
        sequenced.last_seen_at,
        sequenced.next_started_at,
        coalesce(sequenced.is_live, false) as is_live,
        coalesce(content.duration_ms, sequenced.stated_duration_ms) as content_duration_ms,
        {{ div_floor(epoch_us('sequenced.next_started_at') ~ ' - ' ~ epoch_us('sequenced.started_at'), 1000) }}
            as gap_ms,
        rule.valid_play_ms,
        rule.skip_below_ms,
        rule.complete_percent,
        rule.is_length_imputed and sequenced.reported_ms is null and sequenced.played_ms is null as is_imputed
    from sequenced
    inner join rule on sequenced.media_kind = rule.media_kind
    left join content on sequenced.content_id = content.content_id
    left join account on sequenced.account_id = account.account_id
    left join device on lower(sequenced.device) = device.device
    where {{ within('sequenced.event_date', touched) }}

),

-- `least` treats nulls differently in every engine, so it is spelled out
timed as (

    select
        *,
        case
            when reported_ms is not null then reported_ms
            when played_ms is not null then played_ms
            when not is_imputed or content_duration_ms is null then null
            when gap_ms < content_duration_ms then gap_ms
            else content_duration_ms
        end as playing_ms
    from resolved

),

watched as (

    select
        *,
        case
            when content_played_ms is not null then content_played_ms
            when content_duration_ms < playing_ms then content_duration_ms
            else playing_ms
        end as content_watched_ms
    from timed

),

judged as (

    select
        *,
        case
            when reported_completion_rate is not null then reported_completion_rate * 100 >= complete_percent
            when content_duration_ms is not null and playing_ms is not null
                then content_watched_ms * 100 >= content_duration_ms * complete_percent
        end as is_complete
    from watched

),

ended as (

    select
        *,
        case
            when own_end_reason is not null then own_end_reason
            when
                account_id <> 'player:anonymous'
                and next_started_at <= {{ add_ms('last_seen_at', 'inactivity_timeout_ms') }}
                and next_started_at <= {{ add_ms('started_at', '86400000') }}
                then 'next_content'
            when is_session_end_near then 'session_end'
            when is_timed_out then 'timeout'
            when played_ms is not null then null
            when is_complete then 'complete'
            when not is_imputed then 'stop'
            when playing_ms is not null then 'next_content'
        end as end_reason
    from judged

),

{{ local_clock('ended') }},

final as (

    select
        -- ids
        ended.playback_id,
        ended.session_id,
        ended.account_id,
        ended.content_id,
        ended.channel_id,
        -- strings
        ended.source,
        ended.media_kind,
        ended.genre,
        ended.region,
        coalesce(ended.country, local_clock.country, ended.account_country, 'unknown') as country,
        ended.subscription_plan,
        ended.device_type,
        ended.platform,
        ended.app_version,
        ended.end_reason,
        ended.error_code,
        ended.error_class,
        '{{ var("currency") }}' as currency,
        -- numerics
        ended.playing_ms,
        ended.content_watched_ms,
        ended.content_duration_ms,
        ended.reported_completion_rate,
        ended.engagement_score,
        ended.stall_count,
        ended.ad_count,
        ended.ad_revenue_amount,
        {% for name in measured %}ended.{{ name }},
        {% endfor -%}
        local_clock.local_hour,
        -- booleans
        ended.is_live,
        ended.is_started,
        coalesce(ended.is_started and ended.playing_ms >= ended.valid_play_ms, false) as is_valid,
        ended.is_complete,
        coalesce(
            ended.is_started
            and not coalesce(ended.is_complete, false)
            and ended.playing_ms < ended.skip_below_ms
            and ended.end_reason in ('stop', 'next_content'),
            false
        ) as is_skipped,
        ended.is_imputed,
        ended.is_plan_stated,
        {% for name in flags %}ended.{{ name }},
        {% endfor -%}
        -- dates and timestamps
        ended.event_date,
        local_clock.local_date,
        ended.started_at,
        coalesce(ended.last_seen_at, {{ as_timestamp(add_ms('ended.started_at', 'ended.playing_ms')) }}) as ended_at
    from ended
    inner join local_clock on ended.region = local_clock.region and ended.quarter_hour = local_clock.quarter_hour

)

select * from final
