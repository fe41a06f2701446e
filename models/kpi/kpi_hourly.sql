{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where is_started and {{ within('event_date', touched) }}

),

artist as (

    select content_id, artist from {{ ref('bridge_content_artist') }}

),

clocked as (

    select 'utc' as clock, cast(extract(hour from playback.started_at) as bigint) as hour_of_day, playback.*
    from playback
    union all
    select 'local' as clock, playback.local_hour as hour_of_day, playback.*
    from playback

),

hour_total as (

    select
        event_date,
        clock,
        hour_of_day,
        media_kind,
        {{ measures(['plays', 'unique_accounts', 'distinct_contents', 'playing_ms']) }}
    from clocked
    group by event_date, clock, hour_of_day, media_kind

),

artist_ranked as (

    select
        clocked.event_date,
        clocked.clock,
        clocked.hour_of_day,
        clocked.media_kind,
        artist.artist,
        row_number() over (
            partition by clocked.event_date, clocked.clock, clocked.hour_of_day, clocked.media_kind
            order by count(*) desc, count(distinct clocked.account_id) desc, artist.artist
        ) as place
    from clocked
    inner join artist on clocked.content_id = artist.content_id
    group by clocked.event_date, clocked.clock, clocked.hour_of_day, clocked.media_kind, artist.artist

),

final as (

    select
        total.*,
        {{ rates(['diversity_rate'], 'total') }},
        artist_ranked.artist as top_artist
    from hour_total as total
    left join artist_ranked
        on total.event_date = artist_ranked.event_date
            and total.clock = artist_ranked.clock
            and total.hour_of_day = artist_ranked.hour_of_day
            and total.media_kind = artist_ranked.media_kind
            and artist_ranked.place = 1

)

select * from final
