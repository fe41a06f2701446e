{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}
{%- set in_order = 'order by at_us, kind_order, event_id' %}
{%- set so_far = in_order ~ ' rows between unbounded preceding and current row' %}
{%- set before = in_order ~ ' rows between unbounded preceding and 1 preceding' %}
{%- set later = in_order ~ ' rows between 1 following and unbounded following' %}
{%- set by_step = 'order by step_number rows between unbounded preceding and current row' %}
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
        coalesce(
            at_ms - lag(at_ms) over (partition by playback_key {{ in_order }}) > inactivity_timeout_ms, false
        ) as is_after_silence
    from timed

),

parted as (

    select
        *,
        sum(case when is_after_silence and playback_id is null then 1 else 0 end)
            over (partition by playback_key {{ so_far }}) as part
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
            is_ad_end and coalesce(ad_id, '')
            = max(case when is_break then coalesce(ad_id, '') end) over (partition by id, breaks_begun),
            false
        ) as is_break_end
    from restarted

),

-- the start that an event belongs to, how many positions were known by then, and the speed, which begins with an event
placed as (

    select
        *,
        coalesce(position_after_ms is not null or is_seek or event_number = 1, false) as is_placed,
        coalesce(is_break or is_seek or is_failure or intent is not null, false) as is_control,
        sum(case when position_after_ms is not null or is_seek or event_number = 1 then 1 else 0 end)
            over (partition by id {{ so_far }}) as place_number,
        max(case when is_restart or event_number = 1 then event_number end)
            over (partition by id {{ so_far }}) as life_number,
        max(case when is_after_silence then at_ms end) over (partition by id {{ so_far }}) as silent_until_ms,
        max(event_number * 1000000 + cast(playback_rate * 10000 as bigint))
            over (partition by id {{ so_far }}) as rate_change,
        min(case when startup_ms <= inactivity_timeout_ms and not is_over then event_number end)
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
        max(case when not is_over then at_ms end) as last_ms,
        max(case when event_number = startup_number then startup_ms end) as told_startup_ms,
        max(case when event_number = startup_number then life_number end) as told_life_number,
        max(case when coalesce(position_before_ms, position_after_ms) is not null then 1 else 0 end) = 1
            as is_positioned,
        -- without any position, whatever follows a request but errors shows that it has started
        min(
            case
                when event_family = 'video' and not is_over and event_type not in ('video_play', 'video_error')
                    then life_number
            end
        ) as doing_life_number,
        max(case when event_number = 1 then position_after_ms end) as given_position_ms,
        max(case when event_number = position_number then position_before_ms end) as known_position_ms,
        max(case when event_number = position_number then at_ms end) as known_at_ms
    from placed
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
        end as opening_position_ms
    from opening

),

-- from one known position to the next
gap as (

    select
        placed.id,
        placed.place_number,
        placed.event_number,
        placed.life_number,
        placed.at_ms,
        mod(placed.rate_change, 1000000) as rate,
        -- where a seek tells no position at all, content goes on from the last known one
        count(
            coalesce(
                placed.position_after_ms,
                case when placed.event_number = 1 then opened.opening_position_ms end,
                placed.position_before_ms
            )
        ) over (
            partition by placed.id order by placed.place_number rows between unbounded preceding and current row
        ) as run_number,
        lead(placed.at_ms) over (partition by placed.id order by placed.place_number) as to_ms,
        lead(placed.silent_until_ms) over (partition by placed.id order by placed.place_number) as silent_until_ms,
        coalesce(
            placed.position_after_ms,
            case when placed.event_number = 1 then opened.opening_position_ms end,
            placed.position_before_ms
        ) as from_position_ms,
        -- where a seek without a target has led is unknown
        case
            when not placed.is_seek or placed.position_after_ms is not null
                then lead(placed.position_before_ms) over (partition by placed.id order by placed.place_number)
        end as to_position_ms
    from placed
    inner join opened on placed.id = opened.id
    where placed.is_placed

),

explained as (

    select
        *,
        case when silent_until_ms > at_ms then to_ms - silent_until_ms else to_ms - at_ms end as heard_ms
    from gap

),

-- whether the playhead has moved to where it is known to be, and no further than the clock explains
moved as (

    select
        *,
        coalesce(lag(to_position_ms > from_position_ms) over (partition by id order by place_number), false)
            as is_moved,
        coalesce(
            lag((to_position_ms - from_position_ms) * 10000 <= heard_ms * coalesce(rate, 10000) + 20000000)
                over (partition by id order by place_number),
            false
        ) as is_explained
    from explained

),

-- what ends a stall, what ends an advertisement, when the playhead moves next
bounded as (

    select
        placed.*,
        coalesce(moved.is_moved, false) as is_moved,
        coalesce(moved.is_moved and moved.is_explained, false) as is_progress,
        min(case when placed.is_control then placed.at_ms end) over (partition by placed.id {{ later }})
            as next_control_ms,
        min(case when placed.is_control or placed.is_break_end then placed.at_ms end)
            over (partition by placed.id {{ later }}) as next_break_end_ms,
        min(case when placed.is_control or placed.is_break_end then placed.event_number end)
            over (partition by placed.id {{ later }}) as next_break_end_number,
        min(case when moved.is_moved then placed.at_ms end) over (partition by placed.id {{ later }}) as next_moved_ms
    from placed
    left join moved on placed.id = moved.id and placed.event_number = moved.event_number

),

first_move as (

    select
        id,
        min(place_number) as place_number,
        min(event_number) as event_number,
        min(life_number) as life_number,
        min(at_ms) as at_ms
    from moved
    where is_moved
    group by id

),

-- a start-up counts that is reported before the playback is known to have started
reported as (

    select
        opened.*,
        first_move.place_number as moved_place_number,
        coalesce(first_move.event_number, {{ never }}) as moved_number,
        coalesce(first_move.at_ms, opened.last_ms) as moved_ms,
        case
            when first_move.life_number < opened.told_life_number then null
            when opened.told_life_number = 1 then opened.told_startup_ms
            when not opened.is_requested and opened.opening_position_ms > 0 then null
            when not opened.is_positioned and opened.doing_life_number < opened.told_life_number then null
            else opened.told_startup_ms
        end as reported_startup_ms
    from opened
    left join first_move on opened.id = first_move.id

),

-- advertisements before the first move; one whose own end is lost is over with that move
pre_rolled as (

    select
        bounded.id,
        bounded.at_ms,
        reported.moved_ms,
        coalesce(bounded.next_break_end_number, {{ never }}) >= reported.moved_number as is_end_lost,
        bounded.is_break and bounded.ad_type = 'pre_roll' and bounded.event_number < reported.moved_number
            as is_pre_roll,
        case
            when bounded.next_break_end_ms < reported.moved_ms then bounded.next_break_end_ms
            else reported.moved_ms
        end as ad_end_ms
    from bounded
    inner join reported on bounded.id = reported.id and bounded.life_number = reported.told_life_number
    where
        reported.reported_startup_ms is not null
        and not bounded.is_over
        and (reported.is_requested or reported.told_life_number > 1)

),

requested as (

    select
        id,
        min(at_ms) as request_ms,
        -- a frame was shown by the last event; after a pre-roll without an end, by the first move
        case
            when max(case when is_pre_roll and is_end_lost then 1 else 0 end) = 1 then max(moved_ms)
            else max(at_ms)
        end as latest_ms,
        {{ sum_of('case when is_pre_roll then ad_end_ms - at_ms end') }} as pre_roll_ms
    from pre_rolled
    group by id

),

started as (

    select
        reported.*,
        case
            when requested.request_ms + reported.reported_startup_ms + requested.pre_roll_ms > requested.latest_ms
                then requested.latest_ms
            else requested.request_ms + reported.reported_startup_ms + requested.pre_roll_ms
        end as first_frame_ms
    from reported
    left join requested on reported.id = requested.id

),

-- steps that no event tells: the first frame, and the end of a stall of known length
untold as (

    select
        bounded.id,
        bounded.playback_key,
        bounded.event_date,
        bounded.inactivity_timeout_ms,
        kind.event_type,
        kind.kind_order,
        kind.intent,
        bounded.at_us - bounded.at_ms * 1000 as rest_us,
        case
            when kind.event_type = 'first_frame' then started.first_frame_ms else bounded.at_ms + bounded.stall_ms
        end as at_ms
    from bounded
    inner join started on bounded.id = started.id
    inner join kind
        on
            (kind.event_type = 'first_frame' and bounded.event_number = 1 and started.first_frame_ms is not null)
            or (
                kind.event_type = 'stall_end'
                and bounded.event_type = 'video_buffer'
                and bounded.stall_ms > 0
                and bounded.at_ms + bounded.stall_ms <= started.last_ms
                and bounded.at_ms + bounded.stall_ms < coalesce(bounded.next_control_ms, {{ never }})
            )

),

told as (

    select
        id, playback_key, event_date, event_number, event_id, event_type, kind_order, at_us, at_ms, is_failure,
        is_break, is_break_end, is_seek, is_moved, is_progress, is_placed, place_number, life_number, rate_change,
        intent, position_before_ms, bitrate_kbps, stall_ms, next_control_ms, next_moved_ms, inactivity_timeout_ms
    from bounded
    union all
    select
        id,
        playback_key,
        event_date,
        cast(null as bigint) as event_number,
        '' as event_id,
        event_type,
        kind_order,
        at_ms * 1000 + rest_us as at_us,
        at_ms,
        false as is_failure,
        false as is_break,
        false as is_break_end,
        false as is_seek,
        false as is_moved,
        false as is_progress,
        false as is_placed,
        cast(null as bigint) as place_number,
        cast(null as bigint) as life_number,
        cast(null as bigint) as rate_change,
        intent,
        cast(null as bigint) as position_before_ms,
        cast(null as bigint) as bitrate_kbps,
        cast(null as bigint) as stall_ms,
        cast(null as bigint) as next_control_ms,
        cast(null as bigint) as next_moved_ms,
        inactivity_timeout_ms
    from untold

),

-- what was last said of each matter: it holds until something else is said
held as (

    select
        id, playback_key, event_date, event_id, event_type, at_ms, is_failure, is_seek, intent, position_before_ms,
        stall_ms, next_control_ms, next_moved_ms, inactivity_timeout_ms,
        row_number() over (partition by id {{ in_order }}) as step_number,
        max(place_number) over (partition by id {{ so_far }}) as place_number,
        max(life_number) over (partition by id {{ so_far }}) as life_number,
        coalesce(mod(max(rate_change) over (partition by id {{ so_far }}), 1000000), 10000) as rate_in_force,
        max(case when intent is not null or is_failure then event_number end)
            over (partition by id {{ so_far }}) as told_number,
        max(case when intent = 'paused' then event_number end) over (partition by id {{ so_far }}) as paused_number,
        max(case when intent = 'ended' or is_failure then event_number end)
            over (partition by id {{ so_far }}) as ended_number,
        max(case when event_type = 'video_play' then event_number else 0 end)
            over (partition by id {{ so_far }}) as played_number,
        max(case when is_break then event_number end) over (partition by id {{ so_far }}) as break_number,
        max(
            case
                when is_break_end or event_type = 'video_seek' or intent is not null or is_failure then event_number
                else 0
            end
        ) over (partition by id {{ so_far }}) as break_over_number,
        -- content that moves from a position known in a pause, or in an advertisement, shows that it is over
        max(case when intent = 'paused' then place_number + case when is_placed then 1 else 2 end end)
            over (partition by id {{ so_far }}) as resumed_number,
        max(case when is_break then place_number + 2 end) over (partition by id {{ so_far }}) as continued_number,
        max(case when is_progress then place_number else 0 end) over (partition by id {{ so_far }}) as progress_number,
        max(case when is_moved then place_number else 0 end) over (partition by id {{ so_far }}) as moved_number,
        max(case when event_type = 'first_frame' then 1 else 0 end)
            over (partition by id {{ so_far }}) as first_frames,
        sum(case when event_type = 'video_play' then 1 else 0 end) over (partition by id {{ so_far }}) as requests,
        sum(case when bitrate_kbps is not null then 1 else 0 end)
            over (partition by id {{ so_far }}) as bitrate_changes,
        max(case when is_seek then at_ms end) over (partition by id {{ so_far }}) as last_seek_ms,
        bitrate_kbps
    from told

),

judged as (

    select
        held.*,
        gap.from_position_ms,
        gap.to_position_ms,
        gap.run_number,
        started.playback_date,
        started.reported_startup_ms,
        started.is_requested,
        started.is_positioned,
        started.reported_startup_ms is null and started.is_positioned as is_start_derived,
        coalesce(held.ended_number > held.played_number, false) as is_ended,
        coalesce(
            held.paused_number = held.told_number and held.progress_number < held.resumed_number, false
        ) as is_paused,
        coalesce(
            held.break_number > held.break_over_number and held.moved_number < held.continued_number, false
        ) as is_in_ad,
        case
            when started.reported_startup_ms is not null
                then held.first_frames = 1 or (not started.is_requested and started.told_life_number = 1)
            when not started.is_positioned then coalesce(held.life_number >= started.doing_life_number, false)
            when not started.is_requested and started.opening_position_ms > 0 then true
            else coalesce(held.place_number >= started.moved_place_number, false)
        end as is_shown,
        max(held.bitrate_kbps) over (partition by held.id, held.bitrate_changes) as bitrate_in_force_kbps
    from held
    inner join started on held.id = started.id
    inner join gap on held.id = gap.id and held.place_number = gap.place_number

),

-- only what plays can stall: as long as it says; else until the next control, or until the playhead has moved
stalling as (

    select
        *,
        case
            when is_ended then 'ended'
            when is_paused then 'paused'
            when is_in_ad then 'ad'
            when not is_shown then 'starting'
            else 'playing'
        end as wanted_state,
        case
            when event_type <> 'video_buffer' or is_ended or is_paused or is_in_ad or not is_shown then null
            when at_ms + stall_ms < coalesce(next_control_ms, {{ never }}) then at_ms + stall_ms
            when stall_ms is null and next_moved_ms < coalesce(next_control_ms, {{ never }}) then next_moved_ms
            else coalesce(next_control_ms, {{ never }})
        end as stalled_until_ms
    from judged

),

stalled as (

    select
        *,
        max(stalled_until_ms) over (partition by id {{ by_step }}) as in_stall_until_ms,
        max(case when stall_ms is null then stalled_until_ms end)
            over (partition by id {{ by_step }}) as in_open_stall_until_ms
    from stalling

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
        case when wanted_state = 'playing' and in_stall_until_ms > at_ms then 'stalled' else wanted_state end as state,
        -- numerics
        requests,
        place_number as gap_number,
        run_number,
        position_before_ms as position_ms,
        from_position_ms as gap_from_position_ms,
        to_position_ms as gap_to_position_ms,
        rate_in_force,
        bitrate_in_force_kbps,
        reported_startup_ms,
        inactivity_timeout_ms,
        at_ms,
        -- booleans
        is_requested,
        is_positioned,
        is_start_derived,
        is_shown,
        is_seek,
        is_failure,
        is_in_ad,
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
    from stalled

)

select * from final where {{ within('event_date', touched) }}
