{# Why: only our own catalogue (ingestion/lake) leaves beside each table what readers without a catalogue look for. #}
{% macro lake_is_ours() -%}{{ return(env_var('MEDIA_LAKE_ENDPOINT', '') == '') }}{%- endmacro %}
