{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

edge as (

    select * from {{ ref('edge_position') }} where {{ within('event_date', touched) }}

),

playback as (

    select event_date, playback_id, content_id, media_kind, content_duration_ms
    from {{ ref('fct_playback') }}
    where is_started and content_watched_ms is not null and {{ within('event_date', touched) }}

),

stretch as (

    select playback_date, playback_id, content_id, to_position_ms, started_at
    from {{ ref('fct_playback_interval') }}
    where
        {{ within('playback_date', touched) }}
        and {{ within_keys('event_date', 'playback', touched) }}

),

length_class as (

    select * from {{ ref('histogram_buckets') }} where metric = 'content_duration_ms'

),

content_day as (

    select
        event_date,
        content_id,
        min(media_kind) as media_kind,
        max(content_duration_ms) as content_duration_ms,
        cast(count(*) as bigint) as plays
    from playback
    group by event_date, content_id
    having max(content_duration_ms) > 0

),

twentieth as (

    select cast(number.n as bigint) * 5 as percent_of_content from {{ numbers(20) }} as number

),

mark as (

    select
        content_day.*,
        length_class.bucket as length_class,
        twentieth.percent_of_content,
        {{ div_floor('content_day.content_duration_ms * twentieth.percent_of_content', 100) }} as position_ms
    from content_day
    inner join length_class
        on content_day.content_duration_ms >= length_class.from_value
            and (content_day.content_duration_ms < length_class.below_value or length_class.below_value is null)
    cross join twentieth

),

-- an edge of nought at each mark, so that the running sum stops there
step as (

    select event_date, content_id, position_ms, delta_all, delta_unique from edge
    union all
    select event_date, content_id, position_ms, 0 as delta_all, 0 as delta_unique from mark

),

summed as (

    select
        event_date,
        content_id,
        position_ms,
        sum(delta_all) as delta_all,
        sum(delta_unique) as delta_unique
    from step
    group by event_date, content_id, position_ms

),

swept as (

    select
        event_date,
        content_id,
        position_ms,
        sum(delta_all) over (
            partition by event_date, content_id order by position_ms rows between unbounded preceding and current row
        ) as passes,
        sum(delta_unique) over (
            partition by event_date, content_id order by position_ms rows between unbounded preceding and current row
        ) as plays_there
    from summed

),

-- where each playback last played
last_stretch as (

    select
        stretch.*,
        row_number() over (partition by stretch.playback_id order by stretch.started_at desc) as recency
    from stretch

),

left_at as (

    select
        content_day.event_date,
        content_day.content_id,
        case
            when last_stretch.to_position_ms >= content_day.content_duration_ms then 95
            else {{ div_floor('last_stretch.to_position_ms * 20', 'content_day.content_duration_ms') }} * 5
        end as percent_of_content
    from last_stretch
    inner join content_day
        on last_stretch.playback_date = content_day.event_date
            and last_stretch.content_id = content_day.content_id
    where last_stretch.recency = 1 and last_stretch.to_position_ms is not null

),

exit_there as (

    select
        event_date,
        content_id,
        percent_of_content,
        cast(count(*) as bigint) as exits
    from left_at
    group by event_date, content_id, percent_of_content

),

curve as (

    select
        mark.event_date,
        mark.content_id,
        mark.media_kind,
        mark.percent_of_content,
        mark.position_ms,
        mark.length_class,
        mark.content_duration_ms,
        mark.plays,
        cast(swept.plays_there as bigint) as plays_there,
        cast(swept.passes as bigint) as passes,
        coalesce(exit_there.exits, 0) as exits
    from mark
    inner join swept
        on mark.event_date = swept.event_date
            and mark.content_id = swept.content_id
            and mark.position_ms = swept.position_ms
    left join exit_there
        on mark.event_date = exit_there.event_date
            and mark.content_id = exit_there.content_id
            and mark.percent_of_content = exit_there.percent_of_content

),

-- beside it what is of the same kind and about as long, on the same day
compared as (

    select
        *,
        cast(sum(plays) over (partition by event_date, media_kind, length_class, percent_of_content) as bigint)
            as class_plays,
        cast(sum(plays_there) over (partition by event_date, media_kind, length_class, percent_of_content) as bigint)
            as class_plays_there
    from curve

),

final as (

    select
        *,
        {{ rates(['retention_rate', 'pass_rate', 'class_retention_rate', 'relative_retention']) }}
    from compared

)

select * from final
