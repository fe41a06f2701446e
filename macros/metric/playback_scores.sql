{#
  Columns of scores of one playback, 0 to 100, null where they say nothing. Start-up: 100 x 8 / (8 + seconds) [MUX]. Smoothness:
  the mean of 100 / sqrt(1 + (stalls / 2)^2) and 100 x e^(-10 x stall_ms / watched_ms) [MUX]. Experience, our own: 0 for a
  technical failure, 50 for an exit before the start that was no slip (1 s or longer), else the mean of the two that are known.
  Roots and powers are doubles on every engine: rounded to four decimals, so that their last bits do not show.
#}
{% macro playback_scores(relation) -%}
startup_scored as (

    select
        *,
        case when startup_ms is not null then {{ ratio('800000', '(8000 + startup_ms)') }} end as startup_score,
        case
            when is_started
                then cast(cast(
                    100 / sqrt(cast(4 + stall_count * stall_count as {{ double_type() }}))
                    + 50 * exp(-10 * cast(stall_ms as {{ double_type() }}) / case when watched_ms > 0 then watched_ms else 1 end)
                    as decimal(18, 4)
                ) as decimal(18, 6))
        end as smoothness_score
    from {{ relation }}

),

scored as (

    select
        *,
        case
            when (is_start_failure or is_playback_failure) and error_class = 'business' then null
            when is_start_failure or is_playback_failure then cast(0 as decimal(18, 6))
            when is_exit_before_start and watched_ms < 1000 then null
            when is_exit_before_start then cast(50 as decimal(18, 6))
            when startup_score is null then smoothness_score
            else cast((startup_score + smoothness_score) * cast(0.5 as decimal(2, 1)) as decimal(18, 6))
        end as experience_score
    from startup_scored

)
{%- endmacro %}
