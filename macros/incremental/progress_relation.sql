{# int_progress, for macros that run outside of a model and cannot ref() it. #}
{% macro progress_relation() %}
    {{ return(api.Relation.create(database=target.database, schema=generate_schema_name('intermediate', none), identifier='int_progress')) }}
{% endmacro %}
