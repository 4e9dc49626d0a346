"""The shape in which staging reads a CRM's rows, for every CRM that can be pulled from."""

# What names a row of a table; where nothing is said, its id does.
ROW_KEYS = {
    "deals": ("deal_id",),
    "deal_contacts": ("deal_id", "contact_id"),
    "owners": ("owner_id",),
}
# What every write moves, ours too, and what says when a row was read.
VOLATILE_COLUMNS = frozenset(
    {"_fivetran_synced", "property_lastmodifieddate", "property_hs_lastmodifieddate"}
)
