"""What a person does with his own data behind his link, once he has proved that it is he."""
