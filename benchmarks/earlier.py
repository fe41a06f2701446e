"""KPIs of player events as two earlier systems compute them, a video platform on Spark and a clickstream on Athena.

Each is one pass over the events: no playback is put together, and what arrives twice or late counts as it comes. The
statements run in Spark and in DuckDB alike; `event` has the columns of player_events, and event_us (microseconds since
1970) and event_date besides.
"""

from __future__ import annotations

#: Statement by name. Of the first system: views and watch time by content, drop-off by tenths to quarters, days of
#: users, sessions, quality by platform, advertisements; of the second: its aggregate, mix and completion rate.
STATEMENTS = {
    "content_day": """
        select
            event_date, content_id, sum(is_play) as total_views, count(distinct account_id) as unique_viewers,
            cast(sum(watch_ms) as double) / 60000 as watch_minutes, sum(completions) as completions,
            cast(sum(completions) as double) / nullif(sum(is_play), 0) as completion_rate
        from (
            select
                event_date, content_id, playback_id, max(account_id) as account_id,
                sum(case when event_type = 'video_play' then 1 else 0 end) as is_play,
                sum(case when event_type = 'video_complete' then 1 else 0 end) as completions,
                max(case when event_type = 'video_complete' then coalesce(content_duration_ms, position_ms)
                    else position_ms end) as watch_ms
            from event
            where event_type like 'video%'
            group by event_date, content_id, playback_id
        ) as one
        group by event_date, content_id
    """,
    "content_dropoff": """
        select
            stop.event_date, stop.content_id,
            case
                when stop.position_ms * 100 < content.duration_ms * 10 then '0-10'
                when stop.position_ms * 100 < content.duration_ms * 25 then '10-25'
                when stop.position_ms * 100 < content.duration_ms * 50 then '25-50'
                when stop.position_ms * 100 < content.duration_ms * 75 then '50-75'
                when stop.position_ms * 100 < content.duration_ms * 90 then '75-90'
                else '90-100'
            end as bucket,
            count(*) as stops, count(distinct stop.account_id) as users
        from event as stop
        inner join (
            select content_id, max(content_duration_ms) as duration_ms from event group by content_id
        ) as content on stop.content_id = content.content_id
        where stop.event_type = 'video_stop' and content.duration_ms > 0 and stop.position_ms is not null
        group by 1, 2, 3
    """,
    "user_day": """
        select
            event_date, account_id, count(*) as total_events, count(distinct content_id) as videos_watched,
            count(distinct session_id) as sessions,
            sum(case when event_type like 'user%' then 1 else 0 end) as interactions,
            sum(case when event_type = 'ad_impression' then 1 else 0 end) as ad_impressions,
            sum(case when event_type = 'ad_click' then 1 else 0 end) as ad_clicks,
            count(*) * 3 + count(distinct content_id) * 7 as engagement_score_tenths
        from event
        where account_id is not null
        group by event_date, account_id
    """,
    "active_users": """
        select event_date, subscription_tier, count(distinct account_id) as active_users, count(*) as events
        from event
        group by event_date, subscription_tier
    """,
    "session": """
        select
            session_id, min(account_id) as account_id,
            cast(max(event_us) - min(event_us) as double) / 60000000 as duration_minutes,
            count(*) as total_events, count(distinct content_id) as unique_videos,
            cast(sum(case when event_type = 'video_complete' then 1 else 0 end) as double)
            / nullif(count(distinct content_id), 0) as completion_rate
        from event
        where session_id is not null
        group by session_id
    """,
    "platform_quality": """
        select
            event_date, device_type, platform, app_version, avg(startup_ms) as startup_ms, sum(stall_ms) as stall_ms,
            avg(bitrate_kbps) as bitrate_kbps, count(*) as events,
            sum(case when event_type = 'video_error' then 1 else 0 end) as errors,
            sum(case when event_type = 'video_buffer' then 1 else 0 end) as stalls
        from event
        where event_type like 'video%'
        group by event_date, device_type, platform, app_version
    """,
    "ad_day": """
        select
            event_date, ad_campaign_id, ad_type,
            sum(case when event_type = 'ad_impression' then 1 else 0 end) as impressions,
            sum(case when event_type = 'ad_click' then 1 else 0 end) as clicks,
            sum(case when event_type = 'ad_complete' then 1 else 0 end) as completions,
            sum(case when event_type = 'ad_skip' then 1 else 0 end) as skips
        from event
        where event_type like 'ad%'
        group by event_date, ad_campaign_id, ad_type
    """,
    "processed_events": """
        select
            event_date, account_id, content_id, count(*) as event_count,
            sum(case when event_type = 'video_complete' then 1 else 0 end) as complete_events,
            max(event_us) as last_event_us, max(lower(trim(device_type))) as device_type
        from event
        group by event_date, account_id, content_id
    """,
    "event_mix": """
        select event_date, event_type, country, count(*) as events from event group by event_date, event_type, country
    """,
    "completion_by_title": """
        select
            content_id, cast(sum(case when event_type = 'video_complete' then 1 else 0 end) as double) / count(*)
            as completion_rate
        from event
        where content_id is not null
        group by content_id
    """,
}
