{# A date so many days on, as a date again: dateadd returns a timestamp on some engines. #}
{% macro add_days(date, days) -%}cast({{ dbt.dateadd('day', days, date) }} as date){%- endmacro %}
