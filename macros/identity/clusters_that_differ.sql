{#
    The query for the clusters whose rows differ between two lists of edges.

    edges (1, a), (2, b); known (1, a), (2, c), (3, d)  →  cluster: 2, 3
#}
{% macro clusters_that_differ(edges, known_edges) -%}
    select cluster from (select * from {{ edges }} except select * from {{ known_edges }}) as came
    {{ union_distinct() }}
    select cluster from (select * from {{ known_edges }} except select * from {{ edges }}) as went
{%- endmacro %}
