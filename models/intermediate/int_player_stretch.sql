{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}
{%- set in_gap = 'over (partition by playback_id, gap_number order by step_number rows between' %}
{%- set in_run = 'over (partition by playback_id, run_number order by step_number rows between' %}

with

step as (

    select * from {{ ref('int_player_step') }} where {{ within_keys('event_date', 'playback', touched) }}

),

timed as (

    select
        *,
        lead(at_ms) over (partition by playback_id order by step_number) - at_ms as elapsed_ms,
        coalesce(lead(gap_number) over (partition by playback_id order by step_number) <> gap_number, false)
            as is_gap_end,
        -- from the last event to the next one, whatever else happens between them
        min(case when event_id <> '' then at_ms end) over (
            partition by playback_id order by step_number rows between 1 following and unbounded following
        ) - max(case when event_id <> '' then at_ms end) over (
            partition by playback_id order by step_number rows between unbounded preceding and current row
        ) as quiet_ms
    from step

),

-- silence over the time-out counts for nothing
stretch as (

    select
        *,
        coalesce(elapsed_ms, 0) as length_ms,
        (gap_to_position_ms - gap_from_position_ms) * 10000 as progress,
        case when quiet_ms > inactivity_timeout_ms and state <> 'ended' then 'silent' else state end as counted_state
    from timed

),

-- what lasts to the end of its gap
lasting as (

    select
        *,
        min(counted_state) {{ in_gap }} current row and unbounded following)
        = max(counted_state) {{ in_gap }} current row and unbounded following) as is_trailing
    from stretch

),

-- how far the playhead could get: while it plays, and where only its new position tells that it has been playing
able as (

    select
        *,
        case when counted_state = 'playing' then length_ms * rate_in_force else 0 end as reach,
        case
            when counted_state = 'starting' and is_start_derived then length_ms * rate_in_force
            when is_trailing and counted_state in ('paused', 'ad') then length_ms * rate_in_force
            when is_trailing and counted_state = 'stalled' and is_stall_open then length_ms * rate_in_force
            else 0
        end as late_reach
    from lasting

),

gap as (

    select
        *,
        max(case when is_gap_end and state = 'ended' then 1 else 0 end) over (partition by playback_id, gap_number)
            as is_restarted,
        cast(sum(reach) over (partition by playback_id, gap_number) as bigint) as gap_reach,
        cast(sum(late_reach) over (partition by playback_id, gap_number) as bigint) as gap_late_reach,
        cast(coalesce(sum(reach) {{ in_gap }} unbounded preceding and 1 preceding), 0) as bigint) as reach_before,
        cast(coalesce(sum(late_reach) {{ in_gap }} 1 following and unbounded following), 0) as bigint)
            as late_reach_after
    from able

),

-- a position that the time does not explain, without a seek or a new start: the clock counts
jumped as (

    select
        *,
        is_restarted = 0
        and coalesce(progress < 0 or progress > gap_reach + gap_late_reach + 20000000, false) as is_jump
    from gap

),

played as (

    select
        *,
        case
            when counted_state = 'playing' and (progress is null or is_jump or is_restarted = 1) then length_ms
            when counted_state = 'playing' and progress >= reach_before + reach then length_ms
            when counted_state = 'playing' and progress > reach_before
                then {{ div_floor('(progress - reach_before)', 'rate_in_force') }}
            when late_reach = 0 or progress is null or is_restarted = 1 then 0
            when is_jump and counted_state = 'starting' and progress > 0 then length_ms
            when is_jump then 0
            when progress >= gap_reach + late_reach_after + late_reach then length_ms
            when progress > gap_reach + late_reach_after
                then {{ div_floor('(progress - gap_reach - late_reach_after)', 'rate_in_force') }}
            else 0
        end as playing_ms
    from jumped

),

-- content of a playback without any position runs from nought
clocked as (

    select
        *,
        counted_state <> 'playing' as is_late,
        cast(
            coalesce(
                sum(playing_ms * rate_in_force) over (
                    partition by playback_id order by step_number rows between unbounded preceding and 1 preceding
                ),
                0
            ) as bigint
        ) as content_before,
        cast(
            coalesce(sum(playing_ms * rate_in_force) {{ in_run }} unbounded preceding and 1 preceding), 0) as bigint
        ) as content_before_in_run,
        first_value(gap_from_position_ms) {{ in_run }} unbounded preceding and current row) as run_from_position_ms
    from played

),

final as (

    select
        -- ids
        playback_id,
        playback_key,
        step_number,
        event_id,
        -- strings
        step_kind,
        counted_state as state,
        -- numerics
        requests,
        length_ms as elapsed_ms,
        playing_ms,
        position_ms,
        gap_from_position_ms,
        reported_startup_ms,
        inactivity_timeout_ms,
        at_ms,
        bitrate_in_force_kbps as bitrate_kbps,
        cast(rate_in_force * cast(0.0001 as decimal(5, 4)) as decimal(9, 4)) as playback_rate,
        case
            when playing_ms = 0 then null
            when not is_positioned then {{ div_floor('content_before', '10000') }}
            else run_from_position_ms + {{ div_floor('content_before_in_run', '10000') }}
        end as from_position_ms,
        case
            when playing_ms = 0 then null
            when not is_positioned then {{ div_floor('(content_before + playing_ms * rate_in_force)', '10000') }}
            else run_from_position_ms + {{ div_floor('(content_before_in_run + playing_ms * rate_in_force)', '10000') }}
        end as to_position_ms,
        -- booleans
        is_requested,
        is_start_derived,
        is_shown,
        is_seek,
        is_failure,
        is_in_ad,
        state = 'stalled' as is_stalled,
        is_end,
        is_after_seek,
        is_jump as is_position_jump,
        -- dates and timestamps
        event_date,
        playback_date,
        step_at,
        case when is_late then {{ add_ms('step_at', 'length_ms - playing_ms') }} else step_at end as playing_at
    from clocked

)

select * from final where {{ within('event_date', touched) }}
