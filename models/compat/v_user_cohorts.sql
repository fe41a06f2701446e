with

account_day as (

    select * from {{ ref('fct_account_day') }} where plays > 0

),

calendar as (

    select event_date, month_start_date, year_number * 12 + month_number as month_place from {{ ref('dim_date') }}

),

active_month as (

    select distinct account_day.account_id, calendar.month_start_date, calendar.month_place
    from account_day
    inner join calendar on account_day.event_date = calendar.event_date

),

observed_month as (

    select distinct month_start_date, month_place from active_month

),

member as (

    select
        account_id,
        min(month_start_date) as cohort_month,
        min(month_place) as cohort_place
    from active_month
    group by account_id

),

cohort as (

    select
        cohort_month,
        cohort_place,
        cast(count(*) as bigint) as cohort_size
    from member
    group by cohort_month, cohort_place

),

active as (

    select
        member.cohort_month,
        active_month.month_start_date,
        cast(count(*) as bigint) as active_users
    from active_month
    inner join member on active_month.account_id = member.account_id
    group by member.cohort_month, active_month.month_start_date

),

final as (

    select
        cohort.cohort_month,
        observed_month.month_start_date as activity_month,
        cast(observed_month.month_place - cohort.cohort_place as bigint) as months_since_first,
        cohort.cohort_size,
        coalesce(active.active_users, 0) as active_users,
        {{ ratio('coalesce(active.active_users, 0)', 'cohort.cohort_size') }} as retention_rate
    from cohort
    inner join observed_month on cohort.cohort_month <= observed_month.month_start_date
    left join active
        on cohort.cohort_month = active.cohort_month
            and observed_month.month_start_date = active.month_start_date

)

select * from final
