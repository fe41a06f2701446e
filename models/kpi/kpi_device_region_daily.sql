{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

watched as (

    select
        event_date,
        media_kind,
        device_type,
        platform,
        region,
        cast(count(*) as bigint) as attempts,
        {{ count_if('is_started') }} as plays,
        {{ count_if('is_started and is_complete') }} as complete_plays,
        {{ count_accounts() }} as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ sum_of('stall_count') }} as stall_count,
        {{ sum_of('case when is_started then engagement_score end', 'decimal(18, 4)') }} as engagement_score_sum,
        {{ count_if('is_started and engagement_score is not null') }} as engagement_score_plays
    from playback
    group by event_date, media_kind, device_type, platform, region

),

final as (

    select
        *,
        {{ ratio('complete_plays', 'plays') }} as completion_rate,
        {{ ratio('engagement_score_sum', 'engagement_score_plays') }} as average_engagement_score,
        {{ ratio('playing_ms', 'plays') }} as average_playing_ms
    from watched

)

select * from final
