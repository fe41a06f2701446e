with

playback as (

    select *
    from {{ ref('fct_playback') }}
    where source = 'tv' and is_started and device_type in ('mobile', 'tv')

),

device_total as (

    select
        device_type,
        {{ measures(['plays', 'unique_accounts', 'playing_ms']) }}
    from playback
    group by device_type

),

final as (

    select
        device_type,
        plays,
        unique_accounts,
        playing_ms,
        {{ rates(['average_playing_ms', 'average_playing_ms_per_account']) }}
    from device_total

)

select * from final
order by average_playing_ms_per_account desc, device_type asc
