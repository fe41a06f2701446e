{{ config(tags=['audit', 'tie']) }}

{%- set touched = touched_dates('playback', check=true) %}

with

fact as (

    select event_date, media_kind, {{ count_if('is_started') }} as plays
    from {{ ref('fct_playback') }}
    where {{ within('event_date', touched) }}
    group by event_date, media_kind

),

genre as (

    select event_date, media_kind, sum(plays_allocated) as plays_allocated
    from {{ ref('kpi_genre_daily') }}
    where {{ within('event_date', touched) }}
    group by event_date, media_kind

)

select
    fact.event_date,
    fact.media_kind,
    fact.plays,
    genre.plays_allocated
from fact
left join genre on fact.event_date = genre.event_date and fact.media_kind = genre.media_kind
where fact.plays <> coalesce(genre.plays_allocated, 0)
