{{ config(materialized='table') }}

{%- set first = modules.datetime.date.fromisoformat(var('date_spine_start')) %}
{%- set days = (modules.datetime.date.fromisoformat(var('date_spine_end')) - first).days %}

with

day as (

    select
        {{ add_days("date '" ~ first ~ "'", 'number.n') }} as event_date,
        number.n + {{ first.weekday() }} as days_since_monday
    from {{ numbers(days) }} as number

),

final as (

    select
        event_date,
        cast(extract(year from event_date) as bigint) as year_number,
        cast(extract(quarter from event_date) as bigint) as quarter_number,
        cast(extract(month from event_date) as bigint) as month_number,
        cast({{ dbt.date_trunc('month', 'event_date') }} as date) as month_start_date,
        cast({{ dbt.date_trunc('week', 'event_date') }} as date) as week_start_date,
        cast(days_since_monday % 7 + 1 as bigint) as weekday_number,
        days_since_monday % 7 >= 5 as is_weekend
    from day

)

select * from final
