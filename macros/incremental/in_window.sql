{# Condition on a load_seq column, with literals. record_progress reads the comment back: what was compiled is what is recorded. #}
{% macro in_window(column, window) -%}
    {{ column }} > {{ window.from }} and {{ column }} <= {{ window.to }} /* window {{ window.from }}..{{ window.to }} */
{%- endmacro %}
