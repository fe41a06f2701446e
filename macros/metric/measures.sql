{#
  Additive measures over playbacks, each defined here and nowhere else. Writes `expression as name` for the names given, to be
  used in a select that groups rows with the columns of fct_playback. Unique counts are the only ones that do not add up.
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
} -%}
{%- for name in names -%}
{{ known[name] }} as {{ name }}{% if not loop.last %},
        {% endif %}
{%- endfor -%}
{%- endmacro %}
