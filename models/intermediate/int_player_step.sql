{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}
{%- set in_order = 'order by at_us, kind_order, event_id' %}
{%- set so_far = in_order ~ ' rows between unbounded preceding and current row' %}
{%- set before = in_order ~ ' rows between unbounded preceding and 1 preceding' %}
{%- set later = in_order ~ ' rows between 1 following and unbounded following' %}
{%- set never = '9000000000000000' %}

with

event as (

    select *
    from {{ ref('int_player_event') }}
    where playback_key is not null and {{ within_keys('event_date', 'playback', touched) }}

),

kind as (

    select * from {{ ref('player_event_kinds') }}

),

rule as (

    select * from {{ ref('media_rules') }}

),

timed as (

    select
        event.*,
        kind.kind_order,
        kind.intent,
        rule.inactivity_timeout_ms,
        {{ epoch_us('event.event_at') }} as at_us,
        -- to the millisecond, so that lengths add up exactly
        {{ div_floor(epoch_us('event.event_at'), 1000) }} as at_ms
    from event
    inner join kind on event.event_type = kind.event_type
    inner join rule on event.media_kind = rule.media_kind

),

-- events of a playback without an id are parted by silence
silenced as (

    select
        *,
        case
            when playback_id is not null then 0
            when at_ms - lag(at_ms) over (partition by playback_key {{ in_order }}) > inactivity_timeout_ms then 1
            else 0
        end as is_parted
    from timed

),

parted as (

    select
        *,
        sum(is_parted) over (partition by playback_key {{ so_far }}) as part
    from silenced

),

begun as (

    select
        *,
        min(case when event_family = 'video' then at_us end) over (partition by playback_key, part) as first_us,
        max(case when event_family = 'video' then at_us end) over (partition by playback_key, part) as last_video_us,
        min(case when event_family = 'video' then event_at end) over (partition by playback_key, part) as first_at
    from parted

),

-- advertisements alone, and those before anything else of the playback, take no time of it
identified as (

    select
        *,
        case
            when playback_id is not null then 'player:' || playback_id
            else {{ key_hash('player', ['playback_key'], 'first_at') }}
        end as id,
        row_number() over (partition by playback_key, part {{ in_order }}) as event_number,
        -- an error that does not say is fatal where nothing of the playback follows it
        coalesce(event_type = 'video_error' and coalesce(is_fatal, at_us = last_video_us), false) as is_failure,
        coalesce(event_type = 'ad_impression' and ad_type in ('pre_roll', 'mid_roll', 'post_roll'), false) as is_break,
        event_type in ('ad_complete', 'ad_skip', 'ad_error') as is_ad_end,
        case
            when event_family <> 'video' then null
            when event_type = 'video_seek' then seek_from_ms
            else position_ms
        end as told_before_ms,
        case
            when event_family <> 'video' then null
            when event_type = 'video_seek' then coalesce(seek_to_ms, position_ms)
            else position_ms
        end as told_after_ms
    from begun
    where at_us >= first_us

),

counted as (

    select
        *,
        sum(case when is_break then 1 else 0 end) over (partition by id {{ so_far }}) as breaks_begun,
        max(case when intent = 'ended' or is_failure then event_number else 0 end)
            over (partition by id {{ before }}) as ended_number,
        max(case when event_type = 'video_play' then event_number else 0 end)
            over (partition by id {{ before }}) as played_number
    from identified

),

-- after an end nothing but a new start counts, and that may be anywhere
restarted as (

    select
        *,
        event_type <> 'video_play' and coalesce(ended_number > played_number, false) as is_over,
        event_type = 'video_play' and coalesce(ended_number > played_number, false) as is_restart
    from counted

),

-- the end of an advertisement that another one has replaced ends nothing
replaced as (

    select
        *,
        event_type = 'video_seek' and not is_over as is_seek,
        case when not is_over and not is_restart then told_before_ms end as position_before_ms,
        case when not is_over then told_after_ms end as position_after_ms,
        coalesce(
            is_ad_end and ad_id = max(case when is_break then ad_id end) over (partition by id, breaks_begun), false
        ) as is_break_end
    from restarted

),

bounded as (

    select
        *,
        -- what ends a stall, and what ends an advertisement
        min(case when intent is not null or is_seek or is_failure then at_ms end)
            over (partition by id {{ later }}) as next_control_ms,
        min(case when is_break or is_break_end or is_seek or intent is not null or is_failure then at_ms end)
            over (partition by id {{ later }}) as next_break_end_ms,
        min(case when startup_ms <= inactivity_timeout_ms then event_number end)
            over (partition by id) as startup_number,
        min(case when position_before_ms is not null or is_seek then event_number end)
            over (partition by id) as position_number
    from replaced

),

opening as (

    select
        id,
        max(case when event_number = 1 then event_type end) = 'video_play' as is_requested,
        min(event_date) as playback_date,
        min(at_ms) as first_ms,
        max(at_ms) as last_ms,
        max(case when event_number = startup_number then startup_ms end) as reported_startup_ms,
        max(case when event_type = 'video_play' and event_number <= startup_number then at_ms end)
            as startup_request_ms,
        {{ sum_of("case when is_break and ad_type = 'pre_roll' then next_break_end_ms - at_ms end") }} as pre_roll_ms,
        max(case when coalesce(position_before_ms, position_after_ms) is not null then 1 else 0 end) = 1
            as is_positioned,
        max(
            case
                when event_family = 'video' and not is_over and event_type not in ('video_play', 'video_error') then 1
                else 0
            end
        ) = 1 as is_more_than_requested,
        max(case when event_number = 1 then position_after_ms end) as given_position_ms,
        max(case when event_number = position_number then position_before_ms end) as known_position_ms,
        max(case when event_number = position_number then at_ms end) as known_at_ms
    from bounded
    group by id

),

-- a first event without a position: from nought, or from as far back as the clock allows
opened as (

    select
        *,
        case
            when given_position_ms is not null then given_position_ms
            when known_position_ms > known_at_ms - first_ms then known_position_ms - (known_at_ms - first_ms)
            when known_position_ms is not null then 0
        end as opening_position_ms,
        case
            when not is_requested or reported_startup_ms is null then null
            when startup_request_ms + reported_startup_ms + pre_roll_ms > last_ms then last_ms
            else startup_request_ms + reported_startup_ms + pre_roll_ms
        end as first_frame_ms
    from opening

),

-- steps that no event tells: the first frame, and the end of a stall of known length
told as (

    select
        id, playback_key, event_date, event_number, event_id, event_type, kind_order, at_us, at_ms, is_failure,
        is_break, is_break_end, is_seek, intent, position_before_ms, position_after_ms, playback_rate, bitrate_kbps,
        stall_ms, next_control_ms, inactivity_timeout_ms
    from bounded
    union all
    select
        bounded.id,
        bounded.playback_key,
        bounded.event_date,
        cast(null as bigint) as event_number,
        '' as event_id,
        kind.event_type,
        kind.kind_order,
        opened.first_frame_ms * 1000 as at_us,
        opened.first_frame_ms as at_ms,
        false as is_failure,
        false as is_break,
        false as is_break_end,
        false as is_seek,
        kind.intent,
        cast(null as bigint) as position_before_ms,
        cast(null as bigint) as position_after_ms,
        cast(null as decimal(9, 4)) as playback_rate,
        cast(null as bigint) as bitrate_kbps,
        cast(null as bigint) as stall_ms,
        cast(null as bigint) as next_control_ms,
        bounded.inactivity_timeout_ms
    from bounded
    inner join opened on bounded.id = opened.id
    inner join kind on kind.event_type = 'first_frame'
    where bounded.event_number = 1 and opened.first_frame_ms is not null
    union all
    select
        bounded.id,
        bounded.playback_key,
        bounded.event_date,
        cast(null as bigint) as event_number,
        '' as event_id,
        kind.event_type,
        kind.kind_order,
        (bounded.at_ms + bounded.stall_ms) * 1000 as at_us,
        bounded.at_ms + bounded.stall_ms as at_ms,
        false as is_failure,
        false as is_break,
        false as is_break_end,
        false as is_seek,
        kind.intent,
        cast(null as bigint) as position_before_ms,
        cast(null as bigint) as position_after_ms,
        cast(null as decimal(9, 4)) as playback_rate,
        cast(null as bigint) as bitrate_kbps,
        cast(null as bigint) as stall_ms,
        cast(null as bigint) as next_control_ms,
        bounded.inactivity_timeout_ms
    from bounded
    inner join opened on bounded.id = opened.id
    inner join kind on kind.event_type = 'stall_end'
    where
        bounded.event_type = 'video_buffer'
        and bounded.at_ms + bounded.stall_ms < coalesce(bounded.next_control_ms, opened.last_ms)

),

-- how many of each kind of turning point there have been: what the last of them said holds until the next
numbered as (

    select
        *,
        coalesce(position_after_ms is not null or is_seek or event_number = 1, false) as is_placed,
        row_number() over (partition by id {{ in_order }}) as step_number,
        sum(case when intent is not null or is_failure then 1 else 0 end)
            over (partition by id {{ so_far }}) as intents,
        sum(case when intent = 'ended' or is_failure or event_type = 'video_play' then 1 else 0 end)
            over (partition by id {{ so_far }}) as lives,
        sum(case when event_type = 'video_play' then 1 else 0 end) over (partition by id {{ so_far }}) as requests,
        sum(case when is_break or is_break_end or intent is not null or is_failure or is_seek then 1 else 0 end)
            over (partition by id {{ so_far }}) as breaks,
        sum(
            case
                when intent is not null or is_failure or is_seek then 1
                when is_break or is_break_end or event_type = 'first_frame' then 1
                else 0
            end
        ) over (partition by id {{ so_far }}) as controls,
        sum(case when position_after_ms is not null or is_seek or event_number = 1 then 1 else 0 end)
            over (partition by id {{ so_far }}) as placings,
        sum(case when playback_rate is not null then 1 else 0 end) over (partition by id {{ so_far }}) as rate_changes,
        sum(case when bitrate_kbps is not null then 1 else 0 end)
            over (partition by id {{ so_far }}) as bitrate_changes,
        sum(case when event_type = 'first_frame' then 1 else 0 end) over (partition by id {{ so_far }}) as first_frames,
        max(case when is_seek then at_ms end) over (partition by id {{ so_far }}) as last_seek_ms
    from told

),

-- from one known position to the next
gap as (

    select
        numbered.id,
        numbered.placings,
        numbered.at_ms,
        coalesce(
            numbered.position_after_ms,
            case when numbered.event_number = 1 then opened.opening_position_ms end,
            numbered.position_before_ms
        ) as from_position_ms,
        -- where a seek without a target has led is unknown
        case
            when not numbered.is_seek or numbered.position_after_ms is not null
                then lead(numbered.position_before_ms) over (partition by numbered.id order by numbered.placings)
        end as to_position_ms
    from numbered
    inner join opened on numbered.id = opened.id
    where numbered.is_placed

),

moved as (

    select
        *,
        lag(to_position_ms > from_position_ms) over (partition by id order by placings) as is_arrival,
        min(case when to_position_ms > from_position_ms then placings end) over (partition by id) as first_moved
    from gap

),

arrived as (

    select
        *,
        min(case when is_arrival then at_ms end)
            over (partition by id order by placings rows between 1 following and unbounded following) as next_moved_ms,
        min(case when is_arrival then at_ms end)
            over (partition by id order by placings rows between 2 following and unbounded following) as later_moved_ms
    from moved

),

spread as (

    select
        numbered.*,
        arrived.from_position_ms,
        arrived.to_position_ms,
        arrived.first_moved,
        arrived.next_moved_ms,
        arrived.later_moved_ms,
        coalesce(
            max(numbered.playback_rate) over (partition by numbered.id, numbered.rate_changes), 1
        ) as rate_in_force,
        max(numbered.bitrate_kbps) over (partition by numbered.id, numbered.bitrate_changes) as bitrate_in_force_kbps,
        max(case when numbered.is_failure then 'ended' else numbered.intent end)
            over (partition by numbered.id, numbered.intents) as intent_in_force,
        max(
            case
                when numbered.is_failure or numbered.intent = 'ended' then 'ended'
                when numbered.event_type = 'video_play' then 'playing'
            end
        ) over (partition by numbered.id, numbered.lives) as life
    from numbered
    inner join arrived on numbered.id = arrived.id and numbered.placings = arrived.placings

),

-- a stall lasts as long as it says; else until the next control, or until the playhead has moved
stalling as (

    select
        *,
        case
            when event_type <> 'video_buffer' then null
            when at_ms + stall_ms < coalesce(next_control_ms, {{ never }}) then at_ms + stall_ms
            when stall_ms is null and next_moved_ms < coalesce(next_control_ms, {{ never }}) then next_moved_ms
            else coalesce(next_control_ms, {{ never }})
        end as stalled_until_ms,
        -- content that moves from a position known during an advertisement shows that it is over
        case when is_break then coalesce(later_moved_ms, {{ never }}) end as break_until_ms
    from spread

),

stalled as (

    select
        *,
        max(stalled_until_ms) over (partition by id, controls {{ so_far }}) as in_stall_until_ms,
        max(break_until_ms) over (partition by id, breaks {{ so_far }}) as in_break_until_ms,
        max(case when stall_ms is null then stalled_until_ms end) over (partition by id, controls {{ so_far }})
            as in_open_stall_until_ms
    from stalling

),

judged as (

    select
        stalled.*,
        opened.first_ms,
        opened.playback_date,
        opened.reported_startup_ms,
        opened.is_requested,
        opened.is_positioned,
        opened.reported_startup_ms is null and opened.is_positioned as is_start_derived,
        case
            when opened.reported_startup_ms is not null then stalled.first_frames > 0 or not opened.is_requested
            when not opened.is_positioned then opened.is_more_than_requested
            when not opened.is_requested and opened.opening_position_ms > 0 then true
            else coalesce(stalled.placings > stalled.first_moved, false)
        end as is_shown
    from stalled
    inner join opened on stalled.id = opened.id

),

final as (

    select
        -- ids
        id as playback_id,
        playback_key,
        step_number,
        event_id,
        -- strings
        event_type as step_kind,
        case
            when life = 'ended' then 'ended'
            when intent_in_force = 'paused' then 'paused'
            when in_break_until_ms > at_ms then 'ad'
            when not is_shown then 'starting'
            when in_stall_until_ms > at_ms then 'stalled'
            else 'playing'
        end as state,
        -- numerics
        requests,
        placings as gap_number,
        from_position_ms as gap_from_position_ms,
        to_position_ms as gap_to_position_ms,
        cast(rate_in_force * 10000 as bigint) as rate_in_force,
        bitrate_in_force_kbps,
        reported_startup_ms,
        inactivity_timeout_ms,
        at_ms,
        first_ms,
        -- booleans
        is_requested,
        is_positioned,
        is_start_derived,
        is_shown,
        is_seek,
        is_failure,
        coalesce(in_break_until_ms > at_ms, false) as is_in_ad,
        coalesce(in_open_stall_until_ms > at_ms, false) as is_stall_open,
        coalesce(at_ms - last_seek_ms <= 2000, false) as is_after_seek,
        intent = 'ended' or is_failure as is_end,
        -- dates and timestamps
        event_date,
        playback_date,
        -- counted from midnight, because Trino and Redshift add no more than an integer
        {{ add_ms(
            as_timestamp('event_date'), 'at_ms - ' ~ div_floor(epoch_us(as_timestamp('event_date')), 1000)
        ) }} as step_at
    from judged

)

select * from final where {{ within('event_date', touched) }}
