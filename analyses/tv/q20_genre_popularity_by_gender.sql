with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

account as (

    select * from {{ ref('dim_account') }}

),

genre_total as (

    select
        coalesce(account.gender, 'unknown') as gender,
        coalesce(playback.genre, 'unknown') as genre,
        count(*) as plays,
        count(distinct playback.account_id) as unique_accounts
    from playback
    left join account on playback.account_id = account.account_id
    group by coalesce(account.gender, 'unknown'), coalesce(playback.genre, 'unknown')

),

gender_total as (

    select gender, sum(plays) as plays from genre_total group by gender

),

final as (

    select
        genre_total.gender,
        row_number() over (
            partition by genre_total.gender
            order by genre_total.plays desc, genre_total.unique_accounts desc, genre_total.genre asc
        ) as place,
        genre_total.genre,
        genre_total.plays,
        genre_total.unique_accounts,
        {{ ratio('genre_total.plays', 'gender_total.plays') }} as plays_share_rate
    from genre_total
    inner join gender_total on genre_total.gender = gender_total.gender

)

select * from final
order by gender, place
