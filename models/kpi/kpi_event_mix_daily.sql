{{ replaces('event_date', topic='event') }}

{%- set touched = touched_dates('event') %}

with

event as (

    select event_date, event_type, event_family, coalesce(country, 'unknown') as country, account_id
    from {{ ref('int_player_event') }}
    where {{ within('event_date', touched) }}

),

final as (

    select
        event_date,
        event_type,
        event_family,
        country,
        cast(count(*) as bigint) as event_count,
        cast(count(distinct account_id) as bigint) as active_accounts
    from event
    group by event_date, event_type, event_family, country

)

select * from final
