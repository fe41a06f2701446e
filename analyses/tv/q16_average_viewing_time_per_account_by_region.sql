with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

region_total as (

    select
        region,
        {{ measures(['unique_accounts', 'playing_ms']) }}
    from playback
    group by region

),

final as (

    select
        region,
        unique_accounts,
        playing_ms,
        {{ rates(['average_playing_ms_per_account']) }}
    from region_total

)

select * from final
order by average_playing_ms_per_account desc, region asc
