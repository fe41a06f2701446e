{{ replaces('event_date', topic='audience') }}

{%- set touched = touched_dates('audience') %}

with

audience as (

    select event_date, media_kind, instant_at, net_starts
    from {{ ref('edge_audience') }}
    where {{ within('event_date', touched) }}

),

kind_edge as (

    select event_date, media_kind, instant_at, net_starts from audience
    union all
    select event_date, 'all' as media_kind, instant_at, net_starts from audience

),

minute_of_day as (

    select cast(number.n as bigint) as n from {{ numbers(1440) }} as number

),

kind_day as (

    select distinct event_date, media_kind from kind_edge

),

-- an edge of nought at each full minute, so that no step reaches over one
mark as (

    select
        kind_day.event_date,
        kind_day.media_kind,
        {{ as_timestamp(add_ms(as_timestamp('kind_day.event_date'), 'minute_of_day.n * 60000')) }} as instant_at,
        0 as net_starts
    from kind_day
    cross join minute_of_day

),

edge as (

    select event_date, media_kind, instant_at, net_starts from kind_edge
    union all
    select event_date, media_kind, instant_at, net_starts from mark

),

{{ sweep('edge', ['event_date', 'media_kind'], 'instant_at') }},

step as (

    select
        event_date,
        media_kind,
        {{ div_floor(epoch_us('instant_at'), 60000000) }} as epoch_minute,
        instant_at,
        level,
        {{ epoch_us('coalesce(next_instant_at, ' ~ as_timestamp(add_days('event_date', 1)) ~ ')') }}
        - {{ epoch_us('instant_at') }} as step_us
    from swept
    where instant_at < {{ as_timestamp(add_days('event_date', 1)) }}

),

minute_total as (

    select
        event_date,
        media_kind,
        min(instant_at) as minute_at,
        cast(max(level) as bigint) as concurrent_peak,
        cast({{ div_floor('cast(sum(level * step_us) as bigint)', 1000) }} as bigint) as concurrent_ms
    from step
    group by event_date, media_kind, epoch_minute

),

final as (

    select
        *,
        {{ rates(['concurrent_average']) }}
    from minute_total

)

select * from final
