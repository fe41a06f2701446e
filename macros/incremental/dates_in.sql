{#
  Literal condition on a date column: bounds, by which every engine prunes, then the exact dates. No dates: no rows.
  Days in a row are a range: a correction may reach every day of many years, and Athena takes 262,144 bytes a statement.
#}
{% macro dates_in(column, dates) -%}
    {%- set days = dates | unique | sort | list -%}
    {%- set ranges, single = [], [] -%}
    {%- for run in runs_of_days(days) -%}
        {%- if run | length > 3 -%}{%- do ranges.append(column ~ " between date '" ~ run[0] ~ "' and date '" ~ run[-1] ~ "'") -%}
        {%- else -%}{%- do single.extend(run) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if single %}{% do ranges.append(column ~ " in (date '" ~ single | join("', date '") ~ "')") %}{% endif -%}
    {%- if not days -%}1 = 0
    {%- elif ranges | length == 1 and not single -%}{{ ranges[0] }}
    {%- else -%}{{ column }} between date '{{ days[0] }}' and date '{{ days[-1] }}' and
        {%- if ranges | length == 1 %} {{ ranges[0] }}{% else %} ({{ ranges | join(' or ') }}){% endif -%}
    {%- endif -%}
{%- endmacro %}

{# Sorted ISO dates in lists of days that follow one another. #}
{% macro runs_of_days(days) -%}
    {%- set runs = [] -%}
    {%- for text in days -%}
        {%- set before = (modules.datetime.date.fromisoformat(text) - modules.datetime.timedelta(days=1)).isoformat() -%}
        {%- if runs and runs[-1][-1] == before -%}{%- do runs[-1].append(text) -%}
        {%- else -%}{%- do runs.append([text]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(runs) }}
{%- endmacro %}
