{# The name under which a check keeps its progress. #}
{% macro check_reader(node) %}{{ return('check ' ~ node.name) }}{% endmacro %}
