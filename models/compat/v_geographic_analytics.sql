with

playback as (

    select * from {{ ref('fct_playback') }} where is_started

),

{{ recent('playback', 30) }},

opportunity as (

    select opportunity.country, opportunity.price_amount
    from {{ ref('fct_ad_impression') }} as opportunity
    inner join last_day
        on opportunity.event_date > {{ add_days('last_day.event_date', -30) }}
            and opportunity.event_date <= last_day.event_date
    where opportunity.currency = '{{ var("currency") }}'

),

watched as (

    select
        country,
        {{ measures(['unique_accounts', 'plays', 'complete_plays', 'playing_ms', 'ad_revenue_amount']) }}
    from recent
    group by country

),

-- each side is summed by itself: a join of playbacks with events would multiply both
advertised as (

    select
        country,
        {{ measures(['impression_revenue_amount']) }}
    from opportunity
    group by country

),

final as (

    select
        watched.country,
        watched.unique_accounts as unique_users,
        watched.plays as total_views,
        {{ ratio('watched.playing_ms', 60000) }} as total_watch_time_minutes,
        {{ ratio('watched.complete_plays', 'watched.plays') }} as completion_rate,
        cast(
            watched.ad_revenue_amount + coalesce(advertised.impression_revenue_amount, 0) as decimal(18, 6)
        ) as total_revenue
    from watched
    left join advertised on watched.country = advertised.country

)

select * from final
