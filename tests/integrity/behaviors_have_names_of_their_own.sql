-- No behavior is called like what is counted besides behaviors: a stage, research, engagement, a
-- visit. A rule that asks for it would be given the other one.
-- A row is a behavior of seeds/behaviors.csv to rename.
select behavior

from {{ ref('behaviors') }}
where
    behavior in ('research', 'engagement', 'visit')
    or {{ dbt.right('behavior', 6) }} = '_stage'
