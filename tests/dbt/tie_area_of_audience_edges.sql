{{ config(tags=['audit', 'tie']) }}

{%- set touched = touched_dates('audience', check=true) %}

-- playing time of each UTC date, spill of the day before included, is the area under the edges; and edges sum to nought
with

playing as (

    select
        event_date,
        started_at,
        ended_at,
        {{ as_timestamp(add_days('event_date', 1)) }} as midnight_at
    from {{ ref('fct_playback_interval') }}
    where {{ within('event_date', touched, before=1) }}

),

piece as (

    select
        event_date,
        {{ epoch_us('case when ended_at > midnight_at then midnight_at else ended_at end') }}
        - {{ epoch_us('started_at') }} as playing_us
    from playing
    where started_at < midnight_at
    union all
    select
        {{ add_days('event_date', 1) }} as event_date,
        {{ epoch_us('ended_at') }}
        - {{ epoch_us('case when started_at > midnight_at then started_at else midnight_at end') }} as playing_us
    from playing
    where ended_at > midnight_at

),

fact as (

    select event_date, sum(playing_us) as playing_us
    from piece
    where {{ within('event_date', touched) }}
    group by event_date

),

edge as (

    select
        event_date,
        sum(-net_starts * ({{ epoch_us('instant_at') }} - {{ epoch_us(as_timestamp('event_date')) }})) as playing_us,
        sum(net_starts) as left_over
    from {{ ref('edge_audience') }}
    where {{ within('event_date', touched) }}
    group by event_date, media_kind, channel_id, region, device_type

),

edge_day as (

    select event_date, sum(playing_us) as playing_us, sum(abs(left_over)) as left_over from edge group by event_date

),

swept as (

    select event_date, sum(concurrent_ms) as playing_ms
    from {{ ref('kpi_concurrency') }}
    where media_kind = 'all' and {{ within('event_date', touched) }}
    group by event_date

)

select
    coalesce(fact.event_date, edge_day.event_date) as event_date,
    fact.playing_us,
    edge_day.playing_us as edge_us,
    edge_day.left_over,
    swept.playing_ms as swept_ms
from fact
full outer join edge_day on fact.event_date = edge_day.event_date
left join swept on coalesce(fact.event_date, edge_day.event_date) = swept.event_date
where
    coalesce(fact.playing_us, 0) <> coalesce(edge_day.playing_us, 0)
    or edge_day.left_over <> 0
    -- the swept minutes are whole milliseconds, each less than one short
    or coalesce(swept.playing_ms, 0) * 1000 > coalesce(fact.playing_us, 0)
    or coalesce(swept.playing_ms, 0) * 1000 < coalesce(fact.playing_us, 0) - 1440 * 1000
