{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}

with

stretch as (

    select * from {{ ref('int_player_stretch') }} where {{ within_keys('event_date', 'playback', touched) }}

),

event as (

    select *
    from {{ ref('int_player_event') }}
    where playback_key is not null and {{ within_keys('event_date', 'playback', touched) }}

),

session_event as (

    select session_id, event_type, event_at
    from {{ ref('int_player_event') }}
    where event_type in ('session_start', 'session_end') and {{ within_keys('event_date', 'session', touched) }}

),

latest as (

    select max(arrived_at) as arrived_at from {{ ref('int_batch') }} where load_seq <= {{ touched.to }}

),

error_class as (

    select * from {{ ref('error_classes') }}

),

followed as (

    select
        *,
        coalesce(lag(state) over (partition by playback_id order by step_number), '') as state_before,
        lag(bitrate_kbps) over (partition by playback_id order by step_number) as bitrate_before_kbps,
        is_stalled and not coalesce(lag(is_stalled) over (partition by playback_id order by step_number), false)
            as is_stall_start,
        max(requests) over (partition by playback_id) as last_request,
        max(case when step_kind = 'video_complete' then step_number end) over (
            partition by playback_id, requests order by step_number rows between unbounded preceding and 1 preceding
        ) as completed_number
    from stretch

),

-- the playback ends where, after its last start, it ends for the first time; it is shown from its first frame on
numbered as (

    select
        *,
        step_kind = 'video_play' and state_before in ('', 'ended') as is_request,
        sum(case when is_stall_start then 1 else 0 end) over (
            partition by playback_id order by step_number rows between unbounded preceding and current row
        ) as stalls,
        max(step_number) over (partition by playback_id) as last_number,
        min(case when is_end and requests = last_request then step_number end) over (partition by playback_id)
            as end_number,
        min(case when is_failure and state_before <> 'ended' then step_number end) over (partition by playback_id)
            as failure_number,
        min(case when is_shown or playing_ms > 0 then step_number end) over (partition by playback_id) as shown_number
    from followed

),

-- the request that led to the first frame, and whether a stall is one that a seek has caused
caused as (

    select
        *,
        max(case when is_request and step_number <= shown_number then step_number end)
            over (partition by playback_id) as request_number,
        max(case when is_stall_start and is_after_seek then 1 else 0 end) over (partition by playback_id, stalls)
            as is_seek_stall,
        -- one that took time, or lasts to the end; silence takes none
        min(case when state = 'stalled' and (elapsed_ms > 0 or step_number = last_number) then step_number end)
            over (partition by playback_id, stalls) as stall_number
    from numbered

),

-- what lies between them
placed as (

    select
        *,
        step_number between request_number and shown_number as is_startup,
        -- the furthest position of the gap so far
        case
            when coalesce(to_position_ms, -1) > coalesce(gap_from_position_ms, -1) then to_position_ms
            else gap_from_position_ms
        end as reached_ms
    from caused

),

known as (

    select playback_id, from_position_ms, to_position_ms from stretch where from_position_ms is not null

),

{{ seen_once('known', ['playback_id']) }},

content as (

    select playback_id, cast(sum(to_position_ms - from_position_ms) as bigint) as content_watched_ms
    from once
    group by playback_id

),

measured as (

    select
        playback_id,
        min(event_date) as event_date,
        min(playback_key) as playback_key,
        min(step_at) as started_at,
        max(case when step_number = 1 then event_id end) as first_event_id,
        max(case when step_number = shown_number then 1 else 0 end) = 1 as is_started,
        coalesce(max(case when step_number = end_number then step_at end), max(step_at)) as ended_at,
        max(case when step_number = end_number then step_kind end) as end_kind,
        max(case when is_failure and step_number = end_number then event_id end) as end_error_id,
        max(case when step_number = failure_number then event_id end) as first_error_id,
        max(inactivity_timeout_ms) as inactivity_timeout_ms,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ sum_of("case when state in ('paused', 'silent', 'ended') then playing_ms else elapsed_ms end") }}
            as watched_ms,
        {{ sum_of("case when state = 'paused' then elapsed_ms - playing_ms end") }} as pause_ms,
        {{ sum_of("case when is_in_ad and state <> 'silent' then elapsed_ms - playing_ms end") }} as ad_ms,
        {{ sum_of("case when state = 'stalled' and is_seek_stall = 0 then elapsed_ms - playing_ms end") }} as stall_ms,
        {{ sum_of("case when state = 'stalled' and is_seek_stall = 1 then elapsed_ms - playing_ms end") }}
            as seek_stall_ms,
        {{ count_if('step_number = stall_number and is_seek_stall = 0') }} as stall_count,
        {{ count_if("is_seek and state <> 'ended'") }} as seek_count,
        {{ count_if("step_kind = 'video_quality_change'") }} as quality_change_count,
        {{ count_if("step_kind = 'video_quality_change' and bitrate_kbps > bitrate_before_kbps") }} as quality_up_count,
        {{ count_if("step_kind = 'video_quality_change' and bitrate_kbps < bitrate_before_kbps") }}
            as quality_down_count,
        {{ sum_of('bitrate_kbps * playing_ms') }} as bitrate_bits,
        {{ sum_of('case when bitrate_kbps is not null then playing_ms end') }} as bitrate_ms,
        max(case when coalesce(position_ms, -1) > coalesce(reached_ms, -1) then position_ms else reached_ms end)
            as max_position_ms,
        case
            when max(case when is_requested then 1 else 0 end) = 0 then null
            when max(case when is_startup and step_kind in ('video_pause', 'video_seek') then 1 else 0 end) = 1
                then null
            when max(reported_startup_ms) is not null then max(reported_startup_ms)
            when max(case when is_startup and is_position_jump and not is_shown then 1 else 0 end) = 1 then null
            when max(case when is_start_derived then 1 else 0 end) = 1
                then
                    max(
                        case
                            when step_number <> shown_number then null
                            when is_shown then at_ms
                            else at_ms + elapsed_ms - playing_ms
                        end
                    )
                    - max(case when step_number = request_number then at_ms end)
                    - {{ sum_of('case when is_in_ad and is_startup then elapsed_ms - playing_ms end') }}
        end as startup_ms,
        max(case when is_position_jump then 1 else 0 end) = 1 as is_position_jump,
        max(case when step_kind = 'video_stop' and completed_number is not null then 1 else 0 end) = 1
            as is_stop_after_complete,
        coalesce(max(case when step_number = end_number then at_ms end), max(at_ms)) as end_ms,
        max(
            case
                when state = 'stalled' and is_seek_stall = 0 and (elapsed_ms > 0 or step_number = last_number)
                    then at_ms + elapsed_ms - playing_ms
            end
        ) as stall_end_ms
    from placed
    group by playback_id

),

session_span as (

    select
        measured.playback_id,
        min(case when session_event.event_type = 'session_start' then session_event.event_at end) as session_started_at,
        min(case when session_event.event_type = 'session_end' then session_event.event_at end) as session_ended_at
    from measured
    inner join event on measured.first_event_id = event.event_id and measured.event_date = event.event_date
    inner join session_event
        on
            event.session_id = session_event.session_id
            and session_event.event_at >= {{ add_ms('measured.started_at', '-86400000') }}
            and session_event.event_at <= {{ add_ms('measured.ended_at', '86400000') }}
    group by measured.playback_id

),

per_playback as (

    select
        stretch.playback_id,
        cast(sum(event.dropped_frame_count) as bigint) as dropped_frame_count,
        max(event.content_duration_ms) as content_duration_ms,
        -- whatever happens to an advertisement implies its impression
        cast(
            count(distinct case
                when event.event_type in ('ad_impression', 'ad_quartile', 'ad_click', 'ad_skip', 'ad_complete')
                    then coalesce(event.ad_break_id, '') || '|' || event.ad_id
            end) as bigint
        ) as ad_count
    from stretch
    inner join event on stretch.event_id = event.event_id and stretch.event_date = event.event_date
    group by stretch.playback_id

),

error as (

    select
        measured.playback_id,
        event.error_code,
        coalesce(event.error_class, error_class.error_class, 'technical') as error_class
    from measured
    inner join event
        on event.event_id = case when measured.is_started then measured.end_error_id else measured.first_error_id end
    left join error_class on lower(event.error_code) = error_class.error_code

),

final as (

    select
        -- ids
        measured.playback_id,
        measured.playback_key,
        first_event.session_id,
        coalesce(first_event.account_id, 'player:anonymous') as account_id,
        first_event.content_id,
        coalesce(first_event.channel_id, 'not_applicable') as channel_id,
        -- strings
        first_event.media_kind,
        first_event.country,
        first_event.region,
        first_event.subscription_plan,
        first_event.device,
        first_event.platform,
        first_event.app_version,
        case
            when measured.end_kind = 'video_complete' then 'complete'
            when measured.end_kind = 'video_stop' then 'stop'
            when measured.end_kind = 'video_error' then 'error'
        end as own_end_reason,
        error.error_code,
        error.error_class,
        -- numerics
        per_playback.content_duration_ms,
        measured.inactivity_timeout_ms,
        measured.playing_ms,
        measured.watched_ms,
        case when measured.is_started then measured.startup_ms end as startup_ms,
        measured.stall_count,
        measured.stall_ms,
        measured.seek_stall_ms,
        measured.seek_count,
        measured.pause_ms,
        case when measured.is_started then coalesce(content.content_watched_ms, 0) end as content_watched_ms,
        case when measured.is_started then measured.max_position_ms end as max_position_ms,
        {{ div_floor('measured.bitrate_bits', '1000') }} as bitrate_kbit,
        measured.bitrate_ms,
        measured.quality_change_count,
        measured.quality_up_count,
        measured.quality_down_count,
        per_playback.dropped_frame_count,
        per_playback.ad_count,
        measured.ad_ms,
        -- booleans
        first_event.is_live,
        measured.is_started,
        not measured.is_started and measured.first_error_id is not null as is_start_failure,
        measured.is_started and coalesce(measured.end_kind = 'video_error', false) as is_playback_failure,
        not measured.is_started and measured.first_error_id is null as is_exit_before_start,
        first_event.session_id is not null and coalesce(
            session_span.session_started_at > measured.started_at, true
        ) as is_without_session_start,
        coalesce(session_span.session_ended_at < measured.ended_at, false) as is_after_session_end,
        coalesce(
            session_span.session_ended_at >= measured.ended_at
            and session_span.session_ended_at
            <= {{ add_ms('measured.ended_at', 'measured.inactivity_timeout_ms') }},
            false
        ) as is_session_end_near,
        latest.arrived_at > {{ add_ms('measured.ended_at', 'measured.inactivity_timeout_ms') }} as is_timed_out,
        measured.is_position_jump,
        measured.is_stop_after_complete,
        coalesce(
            measured.is_started
            and coalesce(measured.end_kind, 'none') not in ('video_complete', 'video_error')
            and measured.end_ms - measured.stall_end_ms <= {{ var('exit_after_stall_ms') }},
            false
        ) as is_exit_after_stall,
        -- dates and timestamps
        measured.event_date,
        measured.started_at,
        measured.ended_at
    from measured
    inner join event as first_event
        on measured.first_event_id = first_event.event_id and measured.event_date = first_event.event_date
    inner join per_playback on measured.playback_id = per_playback.playback_id
    left join content on measured.playback_id = content.playback_id
    left join session_span on measured.playback_id = session_span.playback_id
    left join error on measured.playback_id = error.playback_id
    cross join latest

)

select * from final where {{ within('event_date', touched) }}
