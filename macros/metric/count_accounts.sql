{# Unique accounts that really played: the reach of a group of playbacks. #}
{% macro count_accounts() -%}cast(count(distinct case when is_started then account_id end) as bigint){%- endmacro %}
