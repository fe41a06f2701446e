{#
  Additive measures over playbacks, each defined here and nowhere else. Writes `expression as name` for the names given, to be
  used in a select that groups rows with the columns of fct_playback; the last ones with those of fct_ad_impression,
  fct_app_session or fct_interaction. Unique counts are the only ones that do not add up.
#}
{% macro measures(names) -%}
{%- set started = 'is_started' -%}
{%- set known = {
    'attempts': 'cast(count(*) as bigint)',
    'plays': count_if(started),
    'valid_plays': count_if('is_valid'),
    'complete_plays': count_if('is_started and is_complete'),
    'skipped_plays': count_if('is_skipped'),
    'imputed_plays': count_if('is_started and is_imputed'),
    'live_plays': count_if('is_started and is_live'),
    'unique_accounts': 'cast(count(distinct case when is_started then account_id end) as bigint)',
    'distinct_contents': 'cast(count(distinct case when is_started then content_id end) as bigint)',
    'playing_ms': sum_of('playing_ms'),
    'content_watched_ms': sum_of('case when is_started and content_duration_ms is not null then content_watched_ms end'),
    'content_duration_ms': sum_of('case when is_started and content_watched_ms is not null then content_duration_ms end'),
    'track_length_ms': sum_of('case when is_started then content_duration_ms end'),
    'track_length_plays': count_if('is_started and content_duration_ms is not null'),
    'stall_count': sum_of('stall_count'),
    'ad_count': sum_of('ad_count'),
    'ad_revenue_amount': sum_of('ad_revenue_amount', 'decimal(18, 4)'),
    'reported_completion_rate_sum': sum_of('case when is_started then reported_completion_rate end', 'decimal(18, 6)'),
    'reported_completion_plays': count_if('is_started and reported_completion_rate is not null'),
    'engagement_score_sum': sum_of('case when is_started then engagement_score end', 'decimal(18, 4)'),
    'engagement_score_plays': count_if('is_started and engagement_score is not null'),
    'technical_start_failures': count_if("is_start_failure and coalesce(error_class, 'technical') = 'technical'"),
    'business_start_failures': count_if("is_start_failure and error_class = 'business'"),
    'technical_playback_failures': count_if("is_playback_failure and coalesce(error_class, 'technical') = 'technical'"),
    'business_playback_failures': count_if("is_playback_failure and error_class = 'business'"),
    'exits_before_start': count_if('is_exit_before_start'),
    'quick_exits': count_if('is_exit_before_start and watched_ms < 1000'),
    'startup_plays': count_if('startup_ms is not null'),
    'stalled_plays': count_if('is_started and stall_count > 0'),
    'stall_exits': count_if('is_exit_after_stall'),
    'success_score_sum': sum_of('success_score'),
    'startup_score_sum': sum_of('startup_score', 'decimal(18, 6)'),
    'smoothness_score_sum': sum_of('smoothness_score', 'decimal(18, 6)'),
    'experience_score_sum': sum_of('experience_score', 'decimal(18, 6)'),
    'experience_playbacks': count_if('experience_score is not null'),
    'good_playbacks': count_if(
        'is_started and not is_playback_failure and coalesce(startup_ms, 0) <= ' ~ var('good_startup_ms')
        ~ ' and stall_ms * 100 <= watched_ms * ' ~ var('good_rebuffer_percent')
    ),
    'distinct_devices': 'cast(count(distinct device_type) as bigint)',
    'ad_requests': 'cast(count(*) as bigint)',
    'ad_impressions': count_if('is_impression'),
    'ad_first_quartiles': count_if('is_first_quartile'),
    'ad_midpoints': count_if('is_midpoint'),
    'ad_third_quartiles': count_if('is_third_quartile'),
    'ad_completes': count_if('is_completed'),
    'ad_clicks': count_if('is_clicked'),
    'ad_skips': count_if('is_skipped'),
    'skippable_impressions': count_if('is_impression and is_skippable'),
    'ad_ms': sum_of('ad_ms'),
    'impression_revenue_amount': sum_of('price_amount', 'decimal(18, 6)'),
    'app_sessions': 'cast(count(*) as bigint)',
    'session_active_ms': sum_of('active_ms'),
    'crash_count': sum_of('crash_count'),
    'interactions': 'cast(count(*) as bigint)',
    'searches': count_if("interaction_type = 'search'"),
    'net_likes': sum_of('like_change'),
    'ad_reached_accounts': 'cast(count(distinct case when is_impression then account_id end) as bigint)',
} -%}
{#- columns of fct_playback that are summed as they are -#}
{%- for name in [
    'startup_ms', 'watched_ms', 'pause_ms', 'stall_ms', 'seek_stall_ms', 'seek_count', 'quality_change_count', 'quality_up_count',
    'quality_down_count', 'dropped_frame_count', 'bitrate_kbit', 'bitrate_ms'
] -%}
{%- do known.update({name: sum_of(name)}) -%}
{%- endfor -%}
{%- for name in names -%}
{{ known[name] }} as {{ name }}{% if not loop.last %},
        {% endif %}
{%- endfor -%}
{%- endmacro %}
