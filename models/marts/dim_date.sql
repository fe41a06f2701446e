{{ config(materialized='table') }}

with

day as (

    {{ dbt.date_spine('day', "cast('" ~ var('date_spine_start') ~ "' as date)", "cast('" ~ var('date_spine_end') ~ "' as date)") }}

),

final as (

    select
        cast(date_day as date) as event_date,
        cast(extract(year from date_day) as bigint) as year_number,
        cast(extract(quarter from date_day) as bigint) as quarter_number,
        cast(extract(month from date_day) as bigint) as month_number,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start_date,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start_date,
        cast({{ dbt.datediff("cast('1999-12-27' as date)", 'cast(date_day as date)', 'day') }} % 7 + 1 as bigint) as weekday_number,
        {{ dbt.datediff("cast('1999-12-27' as date)", 'cast(date_day as date)', 'day') }} % 7 >= 5 as is_weekend
    from day

)

select * from final
