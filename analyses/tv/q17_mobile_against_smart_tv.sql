with

playback as (

    select *
    from {{ ref('fct_playback') }}
    where source = 'tv' and is_started and device_type in ('mobile', 'tv')

),

final as (

    select
        device_type,
        count(*) as plays,
        count(distinct account_id) as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ ratio(sum_of('playing_ms'), 'count(*)') }} as average_playing_ms,
        {{ ratio(sum_of('playing_ms'), 'count(distinct account_id)') }} as average_playing_ms_per_account
    from playback
    group by device_type

)

select * from final
order by average_playing_ms_per_account desc, device_type asc
