{{ config(materialized='view') }}

-- a view: a first day that moves would touch every week after it, and the account days are few
with

active_day as (

    select account_id, event_date from {{ ref('fct_account_day') }} where plays > 0

),

calendar as (

    select event_date, week_start_date from {{ ref('dim_date') }}

),

active_week as (

    select distinct active_day.account_id, calendar.week_start_date
    from active_day
    inner join calendar on active_day.event_date = calendar.event_date

),

week as (

    select distinct week_start_date from active_week

),

member as (

    select account_id, min(week_start_date) as cohort_week_date from active_week group by account_id

),

cohort as (

    select
        cohort_week_date,
        cast(count(*) as bigint) as cohort_accounts
    from member
    group by cohort_week_date

),

active as (

    select
        member.cohort_week_date,
        active_week.week_start_date,
        cast(count(*) as bigint) as active_accounts
    from active_week
    inner join member on active_week.account_id = member.account_id
    group by member.cohort_week_date, active_week.week_start_date

),

-- a week in which nobody of a cohort came back is nought, not missing
observed as (

    select
        cohort.cohort_week_date,
        week.week_start_date,
        cast({{ div_floor(dbt.datediff('cohort.cohort_week_date', 'week.week_start_date', 'day'), 7) }} as bigint)
            as week_number,
        cohort.cohort_accounts,
        coalesce(active.active_accounts, 0) as active_accounts
    from cohort
    inner join week on cohort.cohort_week_date <= week.week_start_date
    left join active
        on cohort.cohort_week_date = active.cohort_week_date
            and week.week_start_date = active.week_start_date

),

final as (

    select
        *,
        {{ rates(['cohort_retention_rate']) }}
    from observed

)

select * from final
