{%- set completion_above_rate = 0.9 %}
{%- set playing_above_ms = 60000 %}
with

playback as (

    select *
    from {{ ref('fct_playback') }}
    where
        source = 'tv'
        and is_started
        and reported_completion_rate > {{ completion_above_rate }}
        and playing_ms > {{ playing_above_ms }}

),

content as (

    select content_id, title from {{ ref('dim_content') }}

),

final as (

    select
        playback.session_id,
        playback.account_id,
        playback.channel_id,
        playback.started_at,
        content.title,
        playback.playing_ms,
        playback.reported_completion_rate,
        playback.engagement_score
    from playback
    inner join content on playback.content_id = content.content_id

)

select * from final
order by reported_completion_rate desc, playing_ms desc, started_at asc, session_id asc, account_id asc, channel_id asc
