{#
  Ratios of measures, each defined here and nowhere else: sum first, then divide. Writes `expression as name` for the names
  given; every measure that a ratio divides must be a column of the select's one relation, or of `relation` if that is given.
#}
{% macro rates(names, relation=none) -%}
{%- set known = {
    'completion_rate': ('complete_plays', 'plays'),
    'skip_rate': ('skipped_plays', 'plays'),
    'average_completion_rate': ('reported_completion_rate_sum', 'reported_completion_plays'),
    'average_engagement_score': ('engagement_score_sum', 'engagement_score_plays'),
    'average_viewed_rate': ('content_watched_ms', 'content_duration_ms'),
    'average_playing_ms': ('playing_ms', 'plays'),
    'average_playing_ms_per_account': ('playing_ms', 'unique_accounts'),
    'average_track_length_ms': ('track_length_ms', 'track_length_plays'),
    'average_track_length_ms_per_account': ('track_length_ms', 'unique_accounts'),
    'popularity_index': ('popularity_sum', 'popularity_plays'),
    'diversity_rate': ('distinct_contents', 'plays'),
    'ad_revenue_per_hour_amount': ('ad_revenue_amount * 3600000', 'playing_ms'),
    'start_failure_rate': ('technical_start_failures', '(attempts - business_start_failures)'),
    'playback_failure_rate': ('technical_playback_failures', 'plays'),
    'exit_before_start_rate': ('exits_before_start', 'attempts'),
    'average_startup_ms': ('startup_ms', 'startup_plays'),
    'stall_exit_rate': ('stall_exits', 'stalled_plays'),
    'rebuffer_rate': ('stall_ms', 'watched_ms'),
    'stalls_per_hour': ('stall_count * 3600000', 'watched_ms'),
    'quality_changes_per_hour': ('quality_change_count * 3600000', 'playing_ms'),
    'average_bitrate_kbps': ('bitrate_kbit * 1000', 'bitrate_ms'),
    'average_startup_score': ('startup_score_sum', 'startup_plays'),
    'average_smoothness_score': ('smoothness_score_sum', 'plays'),
    'average_experience_score': ('experience_score_sum', 'experience_playbacks'),
    'average_success_score': ('success_score_sum', 'experience_playbacks'),
    'good_playback_rate': ('good_playbacks', 'experience_playbacks'),
    'retention_rate': ('plays_there', 'plays'),
    'pass_rate': ('passes', 'plays'),
    'class_retention_rate': ('class_plays_there', 'class_plays'),
    'relative_retention': ('cast(plays_there * class_plays as decimal(28, 0))', '(plays * class_plays_there)'),
    'stickiness_rate': ('unique_accounts', 'unique_accounts_28'),
    'average_frequency': ('reached_account_days_28', 'reached_accounts_28'),
    'average_minute_audience': ('playing_ms', '86400000'),
    'content_views': ('playing_ms', 'duration_ms'),
    'cohort_retention_rate': ('active_accounts', 'cohort_accounts'),
    'engagement_score': ('score_dividend', 'score_divisor'),
    'playing_trend': ('playing_ms_7 * 4', 'playing_ms'),
    'weekend_rate': ('weekend_plays', 'plays'),
    'active_day_rate': ('active_days_28', '28'),
    'plays_per_active_day': ('plays', 'active_days_28'),
    'revenue_per_account_amount': ('revenue_amount', 'unique_accounts'),
    'fill_rate': ('ad_impressions', 'ad_requests'),
    'ad_completion_rate': ('ad_completes', 'ad_impressions'),
    'click_through_rate': ('ad_clicks', 'ad_impressions'),
    'ad_skip_rate': ('ad_skips', 'skippable_impressions'),
    'average_ad_frequency': ('ad_impressions', 'ad_reached_accounts'),
    'ecpm_amount': ('impression_revenue_amount * 1000', 'ad_impressions'),
    'impression_revenue_per_hour_amount': ('impression_revenue_amount * 3600000', 'playing_ms'),
    'ad_seconds_per_hour': ('ad_ms * 3600', 'playing_ms'),
    'booked_matched_rate': ('impression_revenue_amount', 'booked_ad_revenue_amount'),
    'concurrent_average': ('concurrent_ms', '60000'),
} -%}
{%- set prefix = relation ~ '.' if relation else '' -%}
{%- for name in names -%}
{%- set numerator, denominator = known[name] -%}
{{ ratio(prefix ~ numerator, denominator if denominator | int else prefix ~ denominator) }} as {{ name }}{% if not loop.last %},
        {% endif %}
{%- endfor -%}
{%- endmacro %}
