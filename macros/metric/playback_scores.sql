{#
  Columns of scores of one playback, 0 to 100, null where they say nothing. Start-up: 100 x 8 / (8 + seconds) [MUX]. Smoothness:
  the mean of 100 / sqrt(1 + (stalls / 2)^2) and 100 x e^(-10 x stall_ms / watched_ms) [MUX]. Success: 0 for a technical
  failure, 50 for an exit before the start that was no slip (1 s or longer), else 100 [MUX]. Experience, our own: that of the
  success where it is not 100, else the mean of the other two, as far as they are known.
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
        end as smoothness_score,
        cast(case
            when (is_start_failure or is_playback_failure) and error_class = 'business' then null
            when is_start_failure or is_playback_failure then 0
            when is_exit_before_start and watched_ms < 1000 then null
            when is_exit_before_start then 50
            else 100
        end as bigint) as success_score
    from {{ relation }}

),

scored as (

    select
        *,
        case
            when success_score is null then null
            when success_score < 100 then cast(success_score as decimal(18, 6))
            when startup_score is null then smoothness_score
            else cast((startup_score + smoothness_score) * cast(0.5 as decimal(2, 1)) as decimal(18, 6))
        end as experience_score
    from startup_scored

)
{%- endmacro %}
