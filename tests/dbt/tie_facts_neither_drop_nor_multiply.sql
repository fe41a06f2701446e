{{ config(tags=['audit', 'tie']) }}

{%- set touched = touched_dates('playback', check=true) %}

with

known as (

    select event_date from {{ ref('int_playback_event') }} where {{ within('event_date', touched) }}
    union all
    select event_date from {{ ref('int_player_playback') }} where {{ within('event_date', touched) }}

),

event as (

    select event_date, count(*) as playbacks from known group by event_date

),

fact as (

    select event_date, count(*) as playbacks
    from {{ ref('fct_playback') }}
    where {{ within('event_date', touched) }}
    group by event_date

)

select
    coalesce(event.event_date, fact.event_date) as event_date,
    event.playbacks as events,
    fact.playbacks as facts
from event
full outer join fact on event.event_date = fact.event_date
where coalesce(event.playbacks, 0) <> coalesce(fact.playbacks, 0)
