{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where is_started and {{ within('event_date', touched) }}

),

content as (

    select content_id, title from {{ ref('dim_content') }}

),

{{ playback_genre('playback') }},

-- each playback once per list in which it counts
listed as (

    select
        event_date,
        media_kind,
        'genre' as ranking,
        credited_genre as group_value,
        content_id as item_id,
        account_id,
        playing_ms
    from playback_genre
    union all
    select
        event_date,
        media_kind,
        'channel' as ranking,
        channel_id as group_value,
        content_id as item_id,
        account_id,
        playing_ms
    from playback
    where channel_id <> 'not_applicable'
    union all
    select
        event_date,
        media_kind,
        'country' as ranking,
        country as group_value,
        content_id as item_id,
        account_id,
        playing_ms
    from playback
    union all
    select
        event_date,
        media_kind,
        'top_genre' as ranking,
        'all' as group_value,
        credited_genre as item_id,
        account_id,
        playing_ms
    from playback_genre

),

-- accounts first: counting rows of distinct accounts is cheaper than counting distinct accounts of rows
account_total as (

    select
        event_date,
        media_kind,
        ranking,
        group_value,
        item_id,
        account_id,
        count(*) as plays,
        sum(playing_ms) as playing_ms
    from listed
    group by event_date, media_kind, ranking, group_value, item_id, account_id

),

counted as (

    select
        event_date,
        media_kind,
        ranking,
        group_value,
        item_id,
        cast(sum(plays) as bigint) as plays,
        cast(count(*) as bigint) as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms
    from account_total
    group by event_date, media_kind, ranking, group_value, item_id

),

titled as (

    select
        counted.*,
        coalesce(content.title, counted.item_id) as item_title
    from counted
    left join content on counted.item_id = content.content_id

),

ranked as (

    select
        *,
        cast(row_number() over (
            partition by event_date, media_kind, ranking, group_value
            order by plays desc, unique_accounts desc, item_title asc, item_id asc
        ) as bigint) as place
    from titled

),

final as (

    select
        event_date,
        media_kind,
        ranking,
        group_value,
        place,
        item_id,
        item_title,
        plays,
        unique_accounts,
        playing_ms
    from ranked
    where
        (ranking = 'top_genre' and place <= {{ var('top_genre_places') }})
        or (ranking <> 'top_genre' and place <= {{ var('top_content_places') }})

)

select * from final
