{# Names of the nearest incremental ancestors of a node, looking through views: whose progress bounds its own. #}
{% macro incremental_parents(unique_id) %}
    {%- set found = [] -%}
    {%- for id in graph.nodes[unique_id].depends_on.nodes if id.startswith('model.') -%}
        {%- set node = graph.nodes[id] -%}
        {%- if node.config.materialized != 'incremental' -%}
            {%- do found.extend(incremental_parents(id)) -%}
        {%- elif node.name != 'int_progress' -%}
            {%- do found.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | unique | sort | list) }}
{% endmacro %}
