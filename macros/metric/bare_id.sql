{# The id as its source wrote it, without the namespace (`tv:`, `music:`) before it. #}
{% macro bare_id(id) -%}substring({{ id }}, position(':' in {{ id }}) + 1){%- endmacro %}
