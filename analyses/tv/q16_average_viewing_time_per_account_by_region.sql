with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

final as (

    select
        region,
        count(distinct account_id) as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ ratio(sum_of('playing_ms'), 'count(distinct account_id)') }} as average_playing_ms_per_account
    from playback
    group by region

)

select * from final
order by average_playing_ms_per_account desc, region asc
