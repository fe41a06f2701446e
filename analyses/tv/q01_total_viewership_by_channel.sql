with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

channel as (

    select channel_id, channel_name from {{ ref('dim_channel') }}

),

final as (

    select
        playback.channel_id,
        channel.channel_name,
        count(*) as plays,
        {{ sum_of('playback.playing_ms') }} as playing_ms,
        {{ ratio(sum_of('playback.playing_ms'), 3600000) }} as playing_hours
    from playback
    inner join channel on playback.channel_id = channel.channel_id
    group by playback.channel_id, channel.channel_name

)

select * from final
order by playing_ms desc, channel_id asc
