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
        cast(count(*) as bigint) as attempts,
        {{ count_if('is_started') }} as plays,
        {{ count_if('is_valid') }} as valid_plays,
        {{ count_if('is_started and is_complete') }} as complete_plays,
        {{ count_if('is_skipped') }} as skipped_plays,
        {{ count_if('is_started and is_imputed') }} as imputed_plays,
        {{ count_accounts() }} as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ sum_of('case when is_started and content_duration_ms is not null then content_watched_ms end') }} as content_watched_ms,
        {{ sum_of('case when is_started and content_watched_ms is not null then content_duration_ms end') }} as content_duration_ms
    from playback
    group by event_date, content_id, media_kind

),

final as (

    select
        watched.event_date,
        watched.content_id,
        content.title,
        watched.media_kind,
        watched.attempts,
        watched.plays,
        watched.valid_plays,
        watched.complete_plays,
        watched.skipped_plays,
        watched.imputed_plays,
        watched.unique_accounts,
        watched.playing_ms,
        watched.content_watched_ms,
        watched.content_duration_ms,
        {{ ratio('watched.complete_plays', 'watched.plays') }} as completion_rate,
        {{ ratio('watched.skipped_plays', 'watched.plays') }} as skip_rate,
        {{ ratio('watched.playing_ms', 'watched.plays') }} as average_playing_ms,
        {{ ratio('watched.content_watched_ms', 'watched.content_duration_ms') }} as average_viewed_rate
    from watched
    left join content on watched.content_id = content.content_id

)

select * from final
