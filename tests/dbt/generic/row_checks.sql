{#
  Every row fulfils every condition and the key is unique. With a topic it looks at the dates touched since it last passed,
  with load_seq at the rows changed since then, else at all rows; under `dbt test` always at all rows.
#}
{% test row_checks(model, conditions, unique_key, topic=none, load_seq=none) %}
{{ config(tags=['audit']) }}
{%- if topic %}{% set touched = touched_dates(topic, check=true) %}{% elif load_seq %}{% set window = load_window(check=true) %}{% endif %}

with

checked as (

    select * from {{ model }}
    {% if topic %}where {{ within('event_date', touched) }}{% elif load_seq %}where {{ in_window(load_seq, window) }}{% endif %}

),

{{ broken_rules('checked', conditions, unique_key) }}
{% endtest %}
