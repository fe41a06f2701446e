{#
  True where something selected reads the raw zone, itself or through views. A run of KPIs alone does not, so it needs neither
  the zone nor a loader: they may be made from marts that another engine has built.
#}
{% macro reads_raw(ids) %}
    {%- for id in ids -%}
        {%- if id.startswith('source.') -%}{{ return(true) }}{%- endif -%}
        {%- set node = graph.nodes.get(id, {}) -%}
        {%- set parents = [] -%}
        {%- for parent in node.get('depends_on', {}).get('nodes', []) -%}
            {%- if parent.startswith('source.') or graph.nodes.get(parent, {}).get('config', {}).get('materialized') == 'view' -%}
                {%- do parents.append(parent) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if parents and reads_raw(parents) -%}{{ return(true) }}{%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{% endmacro %}
