with

account_day as (

    select account_id, event_date, subscription_plan from {{ ref('fct_account_day') }}

),

account as (

    select account_id, subscription_plan from {{ ref('dim_account') }}

),

calendar as (

    select event_date, month_start_date, year_number * 12 + month_number as month_place from {{ ref('dim_date') }}

),

price as (

    select * from {{ ref('plan_prices') }}

),

-- the plan that playbacks of the day state, else the account's latest
subscribed as (

    select
        account_day.account_id,
        account_day.event_date,
        lower(
            case
                when account_day.subscription_plan = 'unknown' then account.subscription_plan
                else account_day.subscription_plan
            end
        ) as subscription_plan
    from account_day
    inner join account on account_day.account_id = account.account_id

),

-- an account is a subscriber of the plan that it had last in the month
last_plan as (

    select
        calendar.month_start_date,
        calendar.month_place,
        subscribed.account_id,
        subscribed.subscription_plan,
        row_number() over (
            partition by calendar.month_start_date, subscribed.account_id order by subscribed.event_date desc
        ) as recency
    from subscribed
    inner join calendar on subscribed.event_date = calendar.event_date
    where subscribed.subscription_plan is not null

),

month_plan as (

    select
        last_plan.month_start_date,
        last_plan.month_place,
        last_plan.subscription_plan,
        price.currency,
        cast(count(*) as bigint) as subscribers,
        cast(sum(price.monthly_price_amount) as decimal(18, 4)) as revenue
    from last_plan
    inner join price on last_plan.subscription_plan = price.subscription_plan
    where last_plan.recency = 1
    group by last_plan.month_start_date, last_plan.month_place, last_plan.subscription_plan, price.currency

),

final as (

    select
        this_month.month_start_date as revenue_month,
        this_month.subscription_plan as subscription_tier,
        this_month.currency,
        this_month.subscribers,
        this_month.revenue as monthly_recurring_revenue,
        {{ ratio('this_month.revenue', 'this_month.subscribers') }} as arpu,
        month_before.revenue as previous_month_revenue,
        {{ ratio('this_month.revenue * 100', 'month_before.revenue') }} - 100 as growth_percent
    from month_plan as this_month
    left join month_plan as month_before
        on this_month.month_place = month_before.month_place + 1
            and this_month.subscription_plan = month_before.subscription_plan
            and this_month.currency = month_before.currency

)

select * from final
