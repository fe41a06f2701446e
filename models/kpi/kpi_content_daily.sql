{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

content as (

    select content_id, title from {{ ref('dim_content') }}

),

watched as (

    select
        event_date,
        content_id,
        media_kind,
        {{ measures([
            'attempts', 'plays', 'valid_plays', 'complete_plays', 'skipped_plays', 'imputed_plays', 'unique_accounts', 'playing_ms',
            'content_watched_ms', 'content_duration_ms'
        ]) }}
    from playback
    group by event_date, content_id, media_kind

),

final as (

    select
        watched.*,
        content.title,
        {{ rates(['completion_rate', 'skip_rate', 'average_playing_ms', 'average_viewed_rate'], 'watched') }}
    from watched
    left join content on watched.content_id = content.content_id

)

select * from final
